-- openings.sql: vaults and sleeves, opened by functions that put what they open into the audit chain; and
-- money that belongs to one sleeve and never meets another's.
SET search_path = ledger;

-- The world time that a person's word is of: the last close that was played; before the first bar, just
-- before it; without bars, the clock's.
CREATE FUNCTION world_now() RETURNS bigint LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT CASE WHEN f.played > 0 THEN f.played + 3600000000 - 1000 WHEN b.first IS NOT NULL THEN b.first - 1000
              ELSE (extract(epoch FROM clock_timestamp()) * 1000000)::bigint END
    FROM (SELECT max(played_to) AS played FROM feed) AS f
   CROSS JOIN (SELECT min(opens_at) AS first FROM bar) AS b;
$$;

-- One move without money, for the functions below: into the chain with everything else of their
-- transaction. p_instance 0: a birth. With a command, its job at p_due.
CREATE FUNCTION record_move(p_owner int, p_kind text, p_instance bigint, p_version bigint, p_from text,
                            p_to text, p_event text, p_sleeve bigint, p_final boolean, p_data text,
                            p_world bigint, p_command text DEFAULT 'none', p_due bigint DEFAULT 0)
RETURNS bigint LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  answer record;
  jobs   int[] := CASE p_command WHEN 'none' THEN '{}'::int[] ELSE ARRAY[1] END;
BEGIN
  SELECT c.* INTO STRICT answer
    FROM owner o JOIN shard h ON h.id = o.shard JOIN control k ON k.owner = o.id JOIN control g ON g.owner = 0
   CROSS JOIN LATERAL commit(
          false, o.shard, h.epoch,
          ARRAY[o.id], ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[0], ARRAY[NULL::uuid], ARRAY['done'],
          ARRAY[0::bigint], ARRAY[p_world], ARRAY[k.epoch + g.epoch], ARRAY[1],
          ARRAY[1], ARRAY[p_instance], ARRAY[CASE WHEN p_instance = 0 THEN 1 ELSE 0 END], ARRAY[p_kind],
          ARRAY[1], ARRAY[p_version], ARRAY[p_from], ARRAY[p_to], ARRAY[p_event], ARRAY[p_command],
          ARRAY[0::bigint], ARRAY[p_sleeve], ARRAY[p_final], ARRAY[p_data],
          ARRAY[CASE p_command WHEN 'none' THEN '' ELSE p_command || '@' || p_due END],
          '{}'::int[], '{}'::int[], '{}'::text[], '{}'::bigint[], '{}'::bigint[], '{}'::int[],
          '{}'::numeric[], '{}'::text[], '{}'::bigint[], '{}'::bigint[], '{}'::int[],
          jobs, jobs, CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[p_command] END,
          CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[false] END,
          CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[p_due] END,
          CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[NULL::uuid] END) AS c
   WHERE o.id = p_owner;
  RETURN answer.ids[1];
END $$;

-- What was opened, from the rows as they stand: the first transition's data keeps it, verify_openings
-- compares.
CREATE FUNCTION opened_accounts(p_owner int, p_ids bigint[]) RETURNS json LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT json_agg(json_build_array(a.id, a.path, s.code, s.scale, a.limited, a.fund) ORDER BY a.id)
    FROM account a JOIN asset s ON s.id = a.asset WHERE a.owner = p_owner AND a.id = ANY (p_ids);
$$;

CREATE FUNCTION opened_vault(p_owner int, p_vault bigint) RETURNS json LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT json_build_object(
           'id', v.id, 'name', v.name, 'venue', v.venue, 'account', v.account, 'asset', s.code,
           'accounts', opened_accounts(v.owner, ARRAY[v.external, v.reserve, v.tradeable, v.quarantine]))
    FROM vault v JOIN asset s ON s.id = v.asset WHERE v.owner = p_owner AND v.id = p_vault;
$$;

CREATE FUNCTION opened_sleeve(p_owner int, p_sleeve bigint) RETURNS json LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT json_build_object(
           'id', s.id, 'name', s.name, 'kind', s.kind, 'vault', s.vault, 'strategy', s.strategy,
           'pair', json_build_array(n.symbol, b.code, q.code, n.lot, n.min_notional, n.maker_ppm,
                                    n.taker_ppm),
           'fee_asset', f.code,
           'accounts', opened_accounts(s.owner, ARRAY[
              s.quote, s.base, s.trading_quote, s.trading_base, s.fees_quote, s.fees_base, s.suspense_quote,
              s.suspense_base, s.external_base, s.quarantine_base, s.fees_other, s.suspense_other]))
    FROM sleeve s JOIN instrument n ON n.id = s.instrument JOIN asset b ON b.id = n.base
    JOIN asset q ON q.id = n.quote
    LEFT JOIN asset f ON f.id = s.fee_asset
   WHERE s.owner = p_owner AND s.id = p_sleeve;
$$;

-- p_rules: the rules of the vault's machine as JSON; p_review: when it looks at them first, 0: never. The
-- opening functions answer with the id; what stands under that name already is left alone, whatever else
-- was asked.
CREATE FUNCTION open_asset(p_code text, p_scale int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7002, 0);
  INSERT INTO asset SELECT coalesce(max(a.id), 0) + 1, p_code, p_scale FROM asset a
                        ON CONFLICT (code) DO NOTHING;
  RETURN (SELECT id FROM asset WHERE code = p_code);
END $$;

CREATE FUNCTION open_owner(p_name text, p_shard int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
DECLARE
  made int;
BEGIN
  PERFORM pg_advisory_xact_lock(7002, 0);
  INSERT INTO owner SELECT coalesce(max(o.id), 0) + 1, p_name, p_shard FROM owner o
                        ON CONFLICT (name) DO NOTHING RETURNING id INTO made;
  INSERT INTO control (owner) SELECT made WHERE made IS NOT NULL;
  RETURN (SELECT id FROM owner WHERE name = p_name);
END $$;

CREATE FUNCTION open_account(p_owner int, p_asset int, p_path text, p_limited boolean, p_fund bigint)
RETURNS bigint LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  INSERT INTO account (owner, asset, path, limited, fund) VALUES (p_owner, p_asset, p_path, p_limited, p_fund)
      ON CONFLICT (owner, path) DO NOTHING;
  RETURN (SELECT id FROM account WHERE owner = p_owner AND path = p_path);
END $$;

CREATE FUNCTION open_instrument(p_symbol text, p_base int, p_quote int, p_lot numeric, p_min_notional numeric,
                                p_maker bigint, p_taker bigint)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7002, 0);
  INSERT INTO instrument SELECT coalesce(max(i.id), 0) + 1, p_symbol, p_base, p_quote, p_lot, p_min_notional,
                                p_maker, p_taker FROM instrument i
    ON CONFLICT (symbol) DO NOTHING;
  RETURN (SELECT id FROM instrument WHERE symbol = p_symbol);
END $$;

CREATE FUNCTION open_vault(p_owner int, p_name text, p_venue text, p_account text, p_asset int, p_rules text,
                           p_who text, p_why text, p_world bigint, p_review bigint DEFAULT 0)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made  bigint;
  coin  text := (SELECT code FROM asset WHERE id = p_asset);
  place text := p_venue || CASE p_account WHEN 'main' THEN '' ELSE '/' || p_account END;
BEGIN
  PERFORM pg_advisory_xact_lock(7002, p_owner);
  SELECT id INTO made FROM vault WHERE owner = p_owner AND name = p_name;
  IF made IS NOT NULL THEN
    RETURN made;
  END IF;
  SELECT coalesce(max(id), 0) + 1 INTO made FROM vault WHERE owner = p_owner;
  INSERT INTO vault (owner, id, name, venue, account, asset, external, quarantine, reserve, tradeable)
  VALUES (p_owner, made, p_name, p_venue, p_account, p_asset,
          open_account(p_owner, p_asset, 'venue/' || place || '/' || coin, false, 0),
          open_account(p_owner, p_asset, 'quarantine/' || place || '/' || coin, false, 0),
          open_account(p_owner, p_asset, 'vault/' || p_name || '/reserve', true, 0),
          open_account(p_owner, p_asset, 'vault/' || p_name || '/tradeable', true, 0));
  UPDATE vault SET instance = record_move(p_owner, 'vault', 0, 0, '', 'open', 'start', 0, false,
           (jsonb_build_object('opened', opened_vault(p_owner, made), 'who', p_who, 'why', p_why)
            || p_rules::jsonb)::text, p_world,
           CASE WHEN p_review > 0 THEN 'review' ELSE 'none' END, p_review)
   WHERE owner = p_owner AND id = made;
  RETURN made;
END $$;

CREATE FUNCTION open_sleeve(p_owner int, p_vault bigint, p_name text, p_kind text, p_instrument int,
                            p_strategy text, p_fee_asset int, p_who text, p_why text, p_world bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made  bigint;
  path  text := 'sleeve/' || p_name || '/';
  place text;
  b     asset;
  q     asset;
  f     asset;
BEGIN
  PERFORM pg_advisory_xact_lock(7002, p_owner);
  SELECT id INTO made FROM sleeve WHERE owner = p_owner AND name = p_name;
  IF made IS NOT NULL THEN
    RETURN made;
  END IF;
  SELECT coalesce(max(id), 0) + 1 INTO made FROM sleeve WHERE owner = p_owner;
  SELECT a.* INTO STRICT b FROM asset a JOIN instrument n ON n.base = a.id WHERE n.id = p_instrument;
  SELECT a.* INTO STRICT q FROM asset a JOIN instrument n ON n.quote = a.id WHERE n.id = p_instrument;
  SELECT v.venue || CASE v.account WHEN 'main' THEN '' ELSE '/' || v.account END INTO place
    FROM vault v WHERE v.owner = p_owner AND v.id = p_vault AND v.asset = q.id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a sleeve trades only pairs quoted in its vault''s asset' USING ERRCODE = 'BU012';
  END IF;
  SELECT a.* INTO f FROM asset a WHERE a.id = p_fee_asset AND a.id NOT IN (b.id, q.id);
  INSERT INTO sleeve (owner, id, name, kind, vault, instrument, quote, base, trading_quote, trading_base,
                      fees_quote, fees_base, suspense_quote, suspense_base, external_base, quarantine_base,
                      fee_asset, fees_other, suspense_other, strategy)
  VALUES (p_owner, made, p_name, p_kind, p_vault, p_instrument,
          open_account(p_owner, q.id, path || q.code, true, made),
          open_account(p_owner, b.id, path || b.code, true, made),
          open_account(p_owner, q.id, path || 'trading/' || q.code, false, made),
          open_account(p_owner, b.id, path || 'trading/' || b.code, false, made),
          open_account(p_owner, q.id, path || 'fees/' || q.code, true, made),
          open_account(p_owner, b.id, path || 'fees/' || b.code, true, made),
          open_account(p_owner, q.id, 'suspense/' || q.code, false, 0),
          open_account(p_owner, b.id, 'suspense/' || b.code, false, 0),
          open_account(p_owner, b.id, 'venue/' || place || '/' || b.code, false, 0),
          open_account(p_owner, b.id, 'quarantine/' || place || '/' || b.code, false, 0),
          f.id,
          CASE WHEN f.id IS NOT NULL
               THEN open_account(p_owner, f.id, path || 'fees/' || f.code, true, made) END,
          CASE WHEN f.id IS NOT NULL THEN open_account(p_owner, f.id, 'suspense/' || f.code, false, 0) END,
          p_strategy);
  UPDATE sleeve SET instance = record_move(p_owner, 'sleeve', 0, 0, '', 'open', 'start', made, false,
           json_build_object('opened', opened_sleeve(p_owner, made), 'allocation', q.id || ':0', 'who', p_who,
                             'why', p_why)::text, p_world)
   WHERE owner = p_owner AND id = made;
  RETURN made;
END $$;

-- Sleeves never pay each other, whoever inserts; and what is in quarantine moves by a break's own steps
-- only: it is neither traded nor allocated.
CREATE FUNCTION forbid_crossing() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  crosses boolean;
BEGIN
  SELECT d.fund <> 0 AND c.fund <> 0 INTO crosses
    FROM added p
   CROSS JOIN LATERAL (SELECT a.fund, a.path FROM account a
                        WHERE a.owner = p.owner AND a.id = p.debit OFFSET 0) AS d
   CROSS JOIN LATERAL (SELECT a.fund, a.path FROM account a
                        WHERE a.owner = p.owner AND a.id = p.credit OFFSET 0) AS c
   WHERE d.fund <> 0 AND c.fund <> 0 AND d.fund <> c.fund
      OR (starts_with(d.path, 'quarantine/') OR starts_with(c.path, 'quarantine/'))
         AND (SELECT i.kind FROM instance i WHERE i.owner = p.owner AND i.id = p.instance) <> 'break' LIMIT 1;
  IF crosses THEN
    RAISE EXCEPTION 'a sleeve never pays another one' USING ERRCODE = 'BU011';
  ELSIF FOUND THEN
    RAISE EXCEPTION 'what is in quarantine is neither traded nor allocated' USING ERRCODE = 'BU014';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER no_crossing AFTER INSERT ON posting REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_crossing();

-- Openings: every vault and sleeve, with its accounts, assets and pair, is what its first transition says
-- that was opened; no account of an owner with vaults belongs to none of them; the flags of pauses and
-- freezes are those of the controls in force.
CREATE FUNCTION verify_openings() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  SELECT x.problem FROM (
    SELECT format('vault (owner %s, id %s, %s): is not what was opened', v.owner, v.id, v.name) AS problem
      FROM vault v LEFT JOIN transition t ON t.owner = v.owner AND t.instance = v.instance AND t.version = 1
       AND t.kind = 'vault'
     WHERE (t.data::jsonb -> 'opened') IS DISTINCT FROM opened_vault(v.owner, v.id)::jsonb
    UNION ALL
    SELECT format('sleeve (owner %s, id %s, %s): is not what was opened', s.owner, s.id, s.name)
      FROM sleeve s LEFT JOIN transition t ON t.owner = s.owner AND t.instance = s.instance AND t.version = 1
       AND t.kind = 'sleeve'
     WHERE (t.data::jsonb -> 'opened') IS DISTINCT FROM opened_sleeve(s.owner, s.id)::jsonb
    UNION ALL
    SELECT format('transition (owner %s, instance %s, version 1): what it opened is gone', t.owner,
                  t.instance)
      FROM transition t WHERE t.kind IN ('vault', 'sleeve') AND t.version = 1
       AND NOT EXISTS (SELECT FROM vault v
                        WHERE t.kind = 'vault' AND v.owner = t.owner AND v.instance = t.instance)
       AND NOT EXISTS (SELECT FROM sleeve s
                        WHERE t.kind = 'sleeve' AND s.owner = t.owner AND s.instance = t.instance)
    UNION ALL
    SELECT format('account (owner %s, id %s, %s): nobody opened it', a.owner, a.id, a.path)
      FROM account a WHERE EXISTS (SELECT FROM vault v WHERE v.owner = a.owner)
       AND NOT EXISTS (SELECT FROM vault v
                        WHERE v.owner = a.owner
                          AND a.id IN (v.external, v.reserve, v.tradeable, v.quarantine))
       AND NOT EXISTS (SELECT FROM sleeve s
                        WHERE s.owner = a.owner
                          AND a.id IN (s.quote, s.base, s.trading_quote, s.trading_base, s.fees_quote,
                         s.fees_base, s.suspense_quote, s.suspense_base, s.external_base, s.quarantine_base,
                         s.fees_other, s.suspense_other))
    UNION ALL
    SELECT format('control (owner %s): its flags are not those of the controls in force', c.owner)
      FROM control c
     CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'freeze') AS freezes,
                                count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'freeze'
                                                 AND i.data::jsonb ->> 'level' = c.frozen) AS frozen,
                                count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'pause') AS paused
                           FROM instance i WHERE i.owner = c.owner AND i.kind = 'control'
                            AND NOT i.is_final) AS f
     CROSS JOIN LATERAL (SELECT count(*) AS flags, count(i.id) AS meant FROM pause p
                           LEFT JOIN instance i ON i.owner = p.owner AND i.id = p.instance
                            AND i.kind = 'control' AND NOT i.is_final
                                AND i.data::jsonb ->> 'scope' = p.scope
                                AND i.data::jsonb ->> 'target' = p.target WHERE p.owner = c.owner) AS p
     WHERE f.freezes <> (c.frozen <> 'no')::int OR f.frozen <> f.freezes OR p.flags <> f.paused
        OR p.flags <> p.meant) AS x
  LIMIT 1;
$$;

-- No sleeve has paid another: what the trigger forbids.
CREATE FUNCTION verify_crossings() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off AS $$
  SELECT format('posting (owner %s, instance %s, version %s, leg %s): one sleeve paid another', p.owner,
                p.instance, p.version, p.leg)
    FROM posting p JOIN account d ON d.owner = p.owner AND d.id = p.debit AND d.fund <> 0
    JOIN account c ON c.owner = p.owner AND c.id = p.credit AND c.fund <> 0 WHERE d.fund <> c.fund LIMIT 1;
$$;
