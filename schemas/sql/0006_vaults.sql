-- 0006: the vault model: many vaults per owner and sleeves per vault, opened by functions that put what they open into the audit chain;
-- money that belongs to one sleeve and never meets another's; pauses and freezes that commit with the epoch that they raise.
SET search_path = ledger;

-- Whose money an account holds: a sleeve's, or 0: the vault's, the venue's, nobody's. Sleeves never pay each other; only a vault moves funds.
ALTER TABLE account ADD COLUMN fund bigint NOT NULL DEFAULT 0;

CREATE FUNCTION forbid_crossing() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM added p JOIN account d ON d.owner = p.owner AND d.id = p.debit JOIN account c ON c.owner = p.owner AND c.id = p.credit
              WHERE d.fund <> 0 AND c.fund <> 0 AND d.fund <> c.fund) THEN
    RAISE EXCEPTION 'a sleeve never pays another one' USING ERRCODE = 'BU011';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER no_crossing AFTER INSERT ON posting REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION forbid_crossing();

-- `instance`: the machine that stands for it (kinds vault and sleeve), whose first transition says what was opened.
-- quarantine: where differences to the venue's statement wait for an explanation; a sleeve's pair needs the same for its base.
ALTER TABLE vault ADD COLUMN account text NOT NULL DEFAULT 'main', ADD COLUMN instance bigint NOT NULL DEFAULT 0,
                  ADD COLUMN quarantine bigint NOT NULL DEFAULT 0;
ALTER TABLE vault ADD CONSTRAINT one_per_wallet UNIQUE (owner, venue, account, asset);
-- fees_quote, fees_base: what the venue took in the pair's assets. fee_asset, fees_other: in a third one, where the venue takes one.
ALTER TABLE sleeve ADD COLUMN instance bigint NOT NULL DEFAULT 0, ADD COLUMN fees_base bigint NOT NULL DEFAULT 0,
                   ADD COLUMN external_base bigint NOT NULL DEFAULT 0, ADD COLUMN quarantine_base bigint NOT NULL DEFAULT 0,
                   ADD COLUMN fee_asset int REFERENCES asset, ADD COLUMN fees_other bigint, ADD COLUMN suspense_other bigint;

-- What an owner has paused: no new buys in the scope. target: the id of a vault or sleeve, the name of a venue, '' for the owner as a whole.
-- `instance`: the machine (kind control) whose transitions say who, when and why.
CREATE TABLE pause (
  owner    int NOT NULL REFERENCES owner,
  scope    text NOT NULL CHECK (scope IN ('owner', 'venue', 'vault', 'sleeve')),
  target   text NOT NULL,
  instance bigint NOT NULL,
  PRIMARY KEY (owner, scope, target)
);

-- The world time that a person's word is of: the last close that was played; before the first bar, just before it; without bars, the clock's.
CREATE FUNCTION world_now() RETURNS bigint LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT CASE WHEN f.played > 0 THEN f.played + 3600000000 - 1000 WHEN b.first IS NOT NULL THEN b.first - 1000
              ELSE (extract(epoch FROM clock_timestamp()) * 1000000)::bigint END
    FROM (SELECT max(played_to) AS played FROM feed) AS f CROSS JOIN (SELECT min(opens_at) AS first FROM bar) AS b;
$$;

-- One move without money, for the functions below: into the chain with everything else of their transaction. p_instance 0: a birth. With a
-- command, its job at p_due.
CREATE FUNCTION record_move(p_owner int, p_kind text, p_instance bigint, p_version bigint, p_from text, p_to text, p_event text, p_sleeve bigint,
                       p_final boolean, p_data text, p_world bigint, p_command text DEFAULT 'none', p_due bigint DEFAULT 0)
RETURNS bigint LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  answer record;
  jobs   int[] := CASE p_command WHEN 'none' THEN '{}'::int[] ELSE ARRAY[1] END;
BEGIN
  SELECT c.* INTO STRICT answer
    FROM owner o JOIN shard h ON h.id = o.shard JOIN control k ON k.owner = o.id JOIN control g ON g.owner = 0
   CROSS JOIN LATERAL commit(false, o.shard, h.epoch, ARRAY[o.id], ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[0], ARRAY[NULL::uuid], ARRAY['done'],
          ARRAY[0::bigint], ARRAY[p_world], ARRAY[k.epoch + g.epoch], ARRAY[1],
          ARRAY[1], ARRAY[p_instance], ARRAY[CASE WHEN p_instance = 0 THEN 1 ELSE 0 END], ARRAY[p_kind], ARRAY[1], ARRAY[p_version], ARRAY[p_from],
          ARRAY[p_to], ARRAY[p_event], ARRAY[p_command], ARRAY[0::bigint], ARRAY[p_sleeve], ARRAY[p_final], ARRAY[p_data],
          ARRAY[CASE p_command WHEN 'none' THEN '' ELSE p_command || '@' || p_due END],
          '{}'::int[], '{}'::int[], '{}'::text[], '{}'::bigint[], '{}'::bigint[], '{}'::int[], '{}'::numeric[], '{}'::text[], '{}'::bigint[], '{}'::bigint[],
          '{}'::int[], jobs, jobs, CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[p_command] END,
          CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[false] END, CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[p_due] END,
          CASE p_command WHEN 'none' THEN '{}' ELSE ARRAY[NULL::uuid] END) AS c
   WHERE o.id = p_owner;
  RETURN answer.ids[1];
END $$;

-- What was opened, from the rows as they stand: the first transition's data keeps it, verify_openings compares.
CREATE FUNCTION opened_accounts(p_owner int, p_ids bigint[]) RETURNS json LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT json_agg(json_build_array(a.id, a.path, s.code, s.scale, a.limited, a.fund) ORDER BY a.id)
    FROM account a JOIN asset s ON s.id = a.asset WHERE a.owner = p_owner AND a.id = ANY (p_ids);
$$;

CREATE FUNCTION opened_vault(p_owner int, p_vault bigint) RETURNS json LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT json_build_object('id', v.id, 'name', v.name, 'venue', v.venue, 'account', v.account, 'asset', s.code,
                           'accounts', opened_accounts(v.owner, ARRAY[v.external, v.reserve, v.tradeable, v.quarantine]))
    FROM vault v JOIN asset s ON s.id = v.asset WHERE v.owner = p_owner AND v.id = p_vault;
$$;

CREATE FUNCTION opened_sleeve(p_owner int, p_sleeve bigint) RETURNS json LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT json_build_object('id', s.id, 'name', s.name, 'kind', s.kind, 'vault', s.vault, 'strategy', s.strategy,
           'pair', json_build_array(n.symbol, b.code, q.code, n.lot, n.min_notional, n.maker_ppm, n.taker_ppm), 'fee_asset', f.code,
           'accounts', opened_accounts(s.owner, ARRAY[s.quote, s.base, s.trading_quote, s.trading_base, s.fees_quote, s.fees_base, s.suspense_quote,
                                                      s.suspense_base, s.external_base, s.quarantine_base, s.fees_other, s.suspense_other]))
    FROM sleeve s JOIN instrument n ON n.id = s.instrument JOIN asset b ON b.id = n.base JOIN asset q ON q.id = n.quote
    LEFT JOIN asset f ON f.id = s.fee_asset
   WHERE s.owner = p_owner AND s.id = p_sleeve;
$$;

-- p_rules: the rules of the vault's machine as JSON; p_review: when it looks at them first, 0: never.
-- The opening functions answer with the id; what stands under that name already is left alone, whatever else was asked.
CREATE FUNCTION open_asset(p_code text, p_scale int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7002, 0);
  INSERT INTO asset SELECT coalesce(max(a.id), 0) + 1, p_code, p_scale FROM asset a ON CONFLICT (code) DO NOTHING;
  RETURN (SELECT id FROM asset WHERE code = p_code);
END $$;

CREATE FUNCTION open_owner(p_name text, p_shard int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made int;
BEGIN
  PERFORM pg_advisory_xact_lock(7002, 0);
  INSERT INTO owner SELECT coalesce(max(o.id), 0) + 1, p_name, p_shard FROM owner o ON CONFLICT (name) DO NOTHING RETURNING id INTO made;
  INSERT INTO control (owner) SELECT made WHERE made IS NOT NULL;
  RETURN (SELECT id FROM owner WHERE name = p_name);
END $$;

CREATE FUNCTION open_account(p_owner int, p_asset int, p_path text, p_limited boolean, p_fund bigint)
RETURNS bigint LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  INSERT INTO account (owner, asset, path, limited, fund) VALUES (p_owner, p_asset, p_path, p_limited, p_fund) ON CONFLICT (owner, path) DO NOTHING;
  RETURN (SELECT id FROM account WHERE owner = p_owner AND path = p_path);
END $$;

CREATE FUNCTION open_instrument(p_symbol text, p_base int, p_quote int, p_lot numeric, p_min_notional numeric, p_maker bigint, p_taker bigint)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7002, 0);
  INSERT INTO instrument SELECT coalesce(max(i.id), 0) + 1, p_symbol, p_base, p_quote, p_lot, p_min_notional, p_maker, p_taker FROM instrument i
    ON CONFLICT (symbol) DO NOTHING;
  RETURN (SELECT id FROM instrument WHERE symbol = p_symbol);
END $$;

CREATE FUNCTION open_vault(p_owner int, p_name text, p_venue text, p_account text, p_asset int, p_rules text, p_who text, p_why text, p_world bigint,
                           p_review bigint DEFAULT 0)
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
  VALUES (p_owner, made, p_name, p_venue, p_account, p_asset, open_account(p_owner, p_asset, 'venue/' || place || '/' || coin, false, 0),
          open_account(p_owner, p_asset, 'quarantine/' || place || '/' || coin, false, 0),
          open_account(p_owner, p_asset, 'vault/' || p_name || '/reserve', true, 0),
          open_account(p_owner, p_asset, 'vault/' || p_name || '/tradeable', true, 0));
  UPDATE vault SET instance = record_move(p_owner, 'vault', 0, 0, '', 'open', 'start', 0, false,
           (jsonb_build_object('opened', opened_vault(p_owner, made), 'who', p_who, 'why', p_why) || p_rules::jsonb)::text, p_world,
           CASE WHEN p_review > 0 THEN 'review' ELSE 'none' END, p_review)
   WHERE owner = p_owner AND id = made;
  RETURN made;
END $$;

CREATE FUNCTION open_sleeve(p_owner int, p_vault bigint, p_name text, p_kind text, p_instrument int, p_strategy text, p_fee_asset int, p_who text,
                            p_why text, p_world bigint)
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
  INSERT INTO sleeve (owner, id, name, kind, vault, instrument, quote, base, trading_quote, trading_base, fees_quote, fees_base,
                      suspense_quote, suspense_base, external_base, quarantine_base, fee_asset, fees_other, suspense_other, strategy)
  VALUES (p_owner, made, p_name, p_kind, p_vault, p_instrument,
          open_account(p_owner, q.id, path || q.code, true, made), open_account(p_owner, b.id, path || b.code, true, made),
          open_account(p_owner, q.id, path || 'trading/' || q.code, false, made), open_account(p_owner, b.id, path || 'trading/' || b.code, false, made),
          open_account(p_owner, q.id, path || 'fees/' || q.code, true, made), open_account(p_owner, b.id, path || 'fees/' || b.code, true, made),
          open_account(p_owner, q.id, 'suspense/' || q.code, false, 0), open_account(p_owner, b.id, 'suspense/' || b.code, false, 0),
          open_account(p_owner, b.id, 'venue/' || place || '/' || b.code, false, 0), open_account(p_owner, b.id, 'quarantine/' || place || '/' || b.code, false, 0),
          f.id, CASE WHEN f.id IS NOT NULL THEN open_account(p_owner, f.id, path || 'fees/' || f.code, true, made) END,
          CASE WHEN f.id IS NOT NULL THEN open_account(p_owner, f.id, 'suspense/' || f.code, false, 0) END, p_strategy);
  UPDATE sleeve SET instance = record_move(p_owner, 'sleeve', 0, 0, '', 'open', 'start', made, false,
           json_build_object('opened', opened_sleeve(p_owner, made), 'allocation', q.id || ':0', 'who', p_who, 'why', p_why)::text, p_world)
   WHERE owner = p_owner AND id = made;
  RETURN made;
END $$;

-- Pause and freeze. The exclusive lock waits for every commit that has read the epoch; the epoch makes every decision stale that was made
-- before: after these return, nothing commits that did not know. p_measure: pause (a scope) or freeze (level entries+transfers or all).
-- Returns the control's instance; 0 when it was in force (impose) or wasn't (lift).
CREATE FUNCTION impose(p_owner int, p_measure text, p_scope text, p_target text, p_level text, p_who text, p_why text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7001, p_owner);
  IF p_measure = 'pause' AND EXISTS (SELECT FROM pause WHERE owner = p_owner AND scope = p_scope AND target = p_target)
     OR p_measure = 'freeze' AND EXISTS (SELECT FROM control WHERE owner = p_owner AND frozen = p_level) THEN
    RETURN 0;
  END IF;
  IF p_measure = 'freeze' THEN               -- another level takes the place of the one that stands
    PERFORM end_controls(p_owner, 'freeze', '', '', p_who, p_why);
  END IF;
  UPDATE control SET epoch = epoch + 1 WHERE owner = p_owner;
  made := record_move(p_owner, 'control', 0, 0, '', 'in_force', 'impose', 0, false,
            json_build_object('measure', p_measure, 'scope', p_scope, 'target', p_target, 'level', p_level, 'who', p_who, 'why', p_why)::text, world_now());
  IF p_measure = 'pause' THEN
    INSERT INTO pause (owner, scope, target, instance) VALUES (p_owner, p_scope, p_target, made);
  ELSE
    UPDATE control SET frozen = p_level, reason = p_why WHERE owner = p_owner;
  END IF;
  RETURN made;
END $$;

CREATE FUNCTION end_controls(p_owner int, p_measure text, p_scope text, p_target text, p_who text, p_why text)
RETURNS bigint LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  one   record;
  ended bigint := 0;
BEGIN
  FOR one IN SELECT i.id, i.version, i.data FROM instance i
              WHERE i.owner = p_owner AND i.kind = 'control' AND NOT i.is_final AND i.data::json ->> 'measure' = p_measure
                AND i.data::json ->> 'scope' = p_scope AND i.data::json ->> 'target' = p_target ORDER BY i.id LOOP
    ended := record_move(p_owner, 'control', one.id, one.version, 'in_force', 'lifted', 'lift', 0, true,
               (one.data::jsonb || jsonb_build_object('who', p_who, 'why', p_why))::text, world_now());
  END LOOP;
  RETURN ended;
END $$;

-- Whether a sleeve may not buy: it, its vault, its venue or its owner is paused.
CREATE FUNCTION is_paused(p_owner int, p_sleeve bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pause p JOIN sleeve s ON s.owner = p.owner AND s.id = p_sleeve JOIN vault v ON v.owner = s.owner AND v.id = s.vault
                  WHERE p.owner = p_owner AND (p.scope = 'owner' OR p.scope = 'sleeve' AND p.target = s.id::text
                     OR p.scope = 'vault' AND p.target = v.id::text OR p.scope = 'venue' AND p.target = v.venue));
$$;

-- Lifts, and wakes every cycle that rests paused and is no longer in any paused scope.
CREATE FUNCTION lift(p_owner int, p_measure text, p_scope text, p_target text, p_who text, p_why text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  ended bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7001, p_owner);
  ended := end_controls(p_owner, p_measure, p_scope, p_target, p_who, p_why);
  IF ended = 0 THEN
    RETURN 0;
  END IF;
  UPDATE control SET epoch = epoch + 1, frozen = CASE WHEN p_measure = 'freeze' THEN 'no' ELSE frozen END,
                     reason = CASE WHEN p_measure = 'freeze' THEN '' ELSE reason END WHERE owner = p_owner;
  DELETE FROM pause WHERE p_measure = 'pause' AND owner = p_owner AND scope = p_scope AND target = p_target;
  PERFORM submit_event(i.owner, i.id, 'resume', world_now()) FROM instance i
    WHERE i.owner = p_owner AND i.kind = 'sleeve_cycle' AND NOT i.is_final AND i.state = 'paused' AND NOT is_paused(i.owner, i.sleeve);
  RETURN ended;
END $$;

-- Vaults, sleeves and controls stand until a person moves them; a paused cycle rests in sight. All others need something to move them.
CREATE OR REPLACE FUNCTION stranded() RETURNS TABLE (owner int, instance bigint, kind text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT i.owner, i.id, i.kind, i.state FROM instance i
   WHERE NOT i.is_final AND i.kind NOT IN ('vault', 'sleeve', 'control') AND i.state <> 'paused'
     AND NOT EXISTS (SELECT FROM job j WHERE j.owner = i.owner AND j.instance = i.id)
     AND NOT EXISTS (SELECT FROM instance c WHERE c.owner = i.owner AND c.parent = i.id AND NOT c.is_final);
$$;

-- Openings: every vault and sleeve, with its accounts, assets and pair, is what its first transition says that was opened; no account of an
-- owner with vaults belongs to none of them; the flags of pauses and freezes are those of the controls in force.
CREATE FUNCTION verify_openings() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  SELECT x.problem FROM (
    SELECT format('vault (owner %s, id %s, %s): is not what was opened', v.owner, v.id, v.name) AS problem
      FROM vault v LEFT JOIN transition t ON t.owner = v.owner AND t.instance = v.instance AND t.version = 1 AND t.kind = 'vault'
     WHERE (t.data::jsonb -> 'opened') IS DISTINCT FROM opened_vault(v.owner, v.id)::jsonb
    UNION ALL
    SELECT format('sleeve (owner %s, id %s, %s): is not what was opened', s.owner, s.id, s.name)
      FROM sleeve s LEFT JOIN transition t ON t.owner = s.owner AND t.instance = s.instance AND t.version = 1 AND t.kind = 'sleeve'
     WHERE (t.data::jsonb -> 'opened') IS DISTINCT FROM opened_sleeve(s.owner, s.id)::jsonb
    UNION ALL
    SELECT format('transition (owner %s, instance %s, version 1): what it opened is gone', t.owner, t.instance)
      FROM transition t WHERE t.kind IN ('vault', 'sleeve') AND t.version = 1
       AND NOT EXISTS (SELECT FROM vault v WHERE t.kind = 'vault' AND v.owner = t.owner AND v.instance = t.instance)
       AND NOT EXISTS (SELECT FROM sleeve s WHERE t.kind = 'sleeve' AND s.owner = t.owner AND s.instance = t.instance)
    UNION ALL
    SELECT format('account (owner %s, id %s, %s): nobody opened it', a.owner, a.id, a.path)
      FROM account a WHERE EXISTS (SELECT FROM vault v WHERE v.owner = a.owner)
       AND NOT EXISTS (SELECT FROM vault v WHERE v.owner = a.owner AND a.id IN (v.external, v.reserve, v.tradeable, v.quarantine))
       AND NOT EXISTS (SELECT FROM sleeve s WHERE s.owner = a.owner AND a.id IN (s.quote, s.base, s.trading_quote, s.trading_base, s.fees_quote,
                         s.fees_base, s.suspense_quote, s.suspense_base, s.external_base, s.quarantine_base, s.fees_other, s.suspense_other))
    UNION ALL
    SELECT format('control (owner %s): its flags are not those of the controls in force', c.owner)
      FROM control c
     CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'freeze') AS freezes,
                                count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'freeze' AND i.data::jsonb ->> 'level' = c.frozen) AS frozen,
                                count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'pause') AS paused
                           FROM instance i WHERE i.owner = c.owner AND i.kind = 'control' AND NOT i.is_final) AS f
     CROSS JOIN LATERAL (SELECT count(*) AS flags, count(i.id) AS meant FROM pause p
                           LEFT JOIN instance i ON i.owner = p.owner AND i.id = p.instance AND i.kind = 'control' AND NOT i.is_final
                                AND i.data::jsonb ->> 'scope' = p.scope AND i.data::jsonb ->> 'target' = p.target WHERE p.owner = c.owner) AS p
     WHERE f.freezes <> (c.frozen <> 'no')::int OR f.frozen <> f.freezes OR p.flags <> f.paused OR p.flags <> p.meant) AS x
  LIMIT 1;
$$;

-- No sleeve has paid another: what the trigger forbids.
CREATE FUNCTION verify_crossings() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off AS $$
  SELECT format('posting (owner %s, instance %s, version %s, leg %s): one sleeve paid another', p.owner, p.instance, p.version, p.leg)
    FROM posting p JOIN account d ON d.owner = p.owner AND d.id = p.debit AND d.fund <> 0
    JOIN account c ON c.owner = p.owner AND c.id = p.credit AND c.fund <> 0 WHERE d.fund <> c.fund LIMIT 1;
$$;

-- The coins of a vault's asset that are the vault's: not at risk, tradeable, and in its sleeves (what is out in trades has no coin here).
CREATE FUNCTION vault_coins(p_owner int, p_vault bigint) RETURNS numeric LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT sum(a.credits_posted - a.debits_posted) FROM account a
   WHERE a.owner = p_owner AND a.id IN (SELECT unnest(ARRAY[v.reserve, v.tradeable]) FROM vault v WHERE v.owner = p_owner AND v.id = p_vault
                                        UNION ALL SELECT s.quote FROM sleeve s WHERE s.owner = p_owner AND s.vault = p_vault);
$$;

-- The facts of a batch of jobs. Prices are looked up by time alone: closes exactly at p_world, one and four hours before.
-- How much the pairs of a vault's sleeves move: the sample standard deviation of the log returns between hourly closes of the week before, by
-- the square root of the hours of a year, in ppm; of several pairs the largest. Null with less than a day of returns. NUMERIC: the same everywhere.
CREATE FUNCTION volatility(p_owner int, p_vault bigint, p_world bigint) RETURNS bigint LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT max(round(x.deviation * sqrt(8760::numeric) * 1000000))::bigint
    FROM (SELECT DISTINCT instrument FROM sleeve WHERE owner = p_owner AND vault = p_vault) AS n
   CROSS JOIN LATERAL (
     SELECT stddev_samp(r.gain) AS deviation, count(r.gain) AS n FROM (
       SELECT ln(b.close::numeric / lag(b.close) OVER (ORDER BY b.opens_at)) AS gain FROM bar b
        WHERE b.instrument = n.instrument AND b.close_sound AND b.opens_at > p_world - 605400000000 AND b.opens_at <= p_world + 1000 - 3600000000) AS r) AS x
   WHERE x.n >= 24;
$$;

-- [[id, available quote, allocation, whether a position or an order is open], ...] by id.
CREATE FUNCTION vault_sleeves(p_owner int, p_vault bigint) RETURNS text LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT coalesce(json_agg(json_build_array(s.id, available(q)::text, z.data::json ->> 'allocation',
           EXISTS (SELECT FROM instance c WHERE c.owner = s.owner AND c.kind = 'sleeve_cycle' AND c.sleeve = s.id AND NOT c.is_final
                      AND c.state NOT IN ('watching', 'paused'))) ORDER BY s.id), '[]')::text
    FROM sleeve s JOIN account q ON q.owner = s.owner AND q.id = s.quote JOIN instance z ON z.owner = s.owner AND z.id = s.instance
   WHERE s.owner = p_owner AND s.vault = p_vault;
$$;

DROP FUNCTION facts(int[], bigint[], bigint[]);
CREATE FUNCTION facts(p_owner int[], p_instance bigint[], p_world bigint[])
RETURNS TABLE (at bigint, kind text, machine_version int, state text, version bigint, is_final boolean, data text, parent bigint, sleeve bigint,
               control_epoch bigint, frozen text,
               parent_kind text, parent_state text, parent_version bigint, parent_data text,
               quote_available text, base_available text, tradeable_available text,
               close_now bigint, close_1h bigint, close_4h bigint, high_since bigint, has_cycle boolean,
               paused boolean, sleeve_instance bigint, sleeve_version bigint, sleeve_data text, reserve_available text, vault_total text, vault_data text,
               fee_payer bigint, fee_available text, volatility bigint, vault_sleeves text, vault_accounts text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  hour constant bigint := 3600000000;
BEGIN
  -- Most of a look-up's time goes into setting the query up: who has neither parent nor sleeve gets a small one.
  IF NOT EXISTS (SELECT FROM unnest(p_owner, p_instance) AS k (owner, instance)
                   JOIN instance i ON i.owner = k.owner AND i.id = k.instance WHERE i.parent <> 0 OR i.sleeve <> 0 OR i.kind IN ('allocation', 'vault')) THEN
    RETURN QUERY
    SELECT k.at, i.kind, i.machine_version, i.state, i.version, i.is_final, i.data, i.parent, i.sleeve,
           c.epoch + g.epoch, CASE WHEN g.frozen <> 'no' THEN g.frozen ELSE c.frozen END,
           NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, false,
           false, NULL::bigint, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::bigint, NULL::text, NULL::text
      FROM unnest(p_owner, p_instance) WITH ORDINALITY AS k (owner, instance, at)
      JOIN instance i ON i.owner = k.owner AND i.id = k.instance
      JOIN control c ON c.owner = k.owner
      JOIN control g ON g.owner = 0;
    RETURN;
  END IF;
  RETURN QUERY
  SELECT k.at, i.kind, i.machine_version, i.state, i.version, i.is_final, i.data, i.parent, i.sleeve,
         c.epoch + g.epoch, CASE WHEN g.frozen <> 'no' THEN g.frozen ELSE c.frozen END,
         p.kind, p.state, p.version, p.data,
         available(q)::text, available(b)::text, coalesce(available(v)::text, a.tradeable),
         w.now, w.hour1, w.hour4, w.high,
         i.kind = 'allocation' AND EXISTS (SELECT FROM instance y WHERE y.owner = i.owner AND y.kind = 'sleeve_cycle' AND y.sleeve = i.sleeve AND NOT y.is_final),
         i.sleeve <> 0 AND EXISTS (SELECT FROM pause) AND is_paused(i.owner, i.sleeve),
         z.id, z.version, z.data, a.reserve, a.total, a.data, f.id, f.available, a.volatility, a.sleeves, a.accounts
    FROM unnest(p_owner, p_instance, p_world) WITH ORDINALITY AS k (owner, instance, world_at, at)
    JOIN instance i ON i.owner = k.owner AND i.id = k.instance
    JOIN control c ON c.owner = k.owner
    JOIN control g ON g.owner = 0
    LEFT JOIN instance p ON i.parent <> 0 AND p.owner = i.owner AND p.id = i.parent
    LEFT JOIN ledger.sleeve s ON i.sleeve <> 0 AND s.owner = i.owner AND s.id = i.sleeve
    LEFT JOIN instance z ON s.instance <> 0 AND z.owner = s.owner AND z.id = s.instance
    LEFT JOIN vault u ON u.owner = s.owner AND u.id = s.vault
    LEFT JOIN account q ON q.owner = s.owner AND q.id = s.quote
    LEFT JOIN account b ON b.owner = s.owner AND b.id = s.base
    LEFT JOIN account v ON v.owner = u.owner AND v.id = u.tradeable
    LEFT JOIN LATERAL (
      SELECT (SELECT x.close FROM bar x WHERE x.instrument = s.instrument AND x.opens_at = k.world_at + 1000 - hour AND x.close_sound) AS now,
             (SELECT x.close FROM bar x WHERE x.instrument = s.instrument AND x.opens_at = k.world_at + 1000 - 2 * hour AND x.close_sound) AS hour1,
             (SELECT x.close FROM bar x WHERE x.instrument = s.instrument AND x.opens_at = k.world_at + 1000 - 5 * hour AND x.close_sound) AS hour4,
             CASE WHEN i.state = 'holding' THEN
               (SELECT max(x.close) FROM bar x WHERE x.instrument = s.instrument AND x.opens_at >= (i.data::json ->> 'entered_at')::bigint
                   AND x.opens_at <= k.world_at + 1000 - hour AND x.close_sound) END AS high
       WHERE i.kind = 'sleeve_cycle') AS w ON true
    -- An allocation or a vault: what the vault has on the wallet, in all and not at risk, and the vault's own rules.
    LEFT JOIN LATERAL (
      SELECT available(t)::text AS tradeable, available(r)::text AS reserve, vault_coins(y.owner, y.id)::text AS total, m.data,
             CASE i.kind WHEN 'vault' THEN volatility(y.owner, y.id, k.world_at) END AS volatility,
             CASE i.kind WHEN 'vault' THEN vault_sleeves(y.owner, y.id) END AS sleeves,
             json_build_array(y.external, y.reserve, y.tradeable)::text AS accounts
        FROM vault y JOIN account t ON t.owner = y.owner AND t.id = y.tradeable JOIN account r ON r.owner = y.owner AND r.id = y.reserve
        JOIN instance m ON m.owner = y.owner AND m.id = y.instance
       WHERE y.owner = i.owner AND (i.kind = 'allocation' AND y.tradeable = (i.data::json -> 'vault' ->> 2)::bigint
                                    OR i.kind = 'vault' AND y.instance = i.id)) AS a ON true
    -- An order whose venue may take its fee in a third coin: the vault that has it, if there is one.
    LEFT JOIN LATERAL (
      SELECT c.id, available(c)::text AS available
        FROM vault y JOIN account c ON c.owner = y.owner AND c.id = y.reserve
       WHERE i.kind = 'order' AND s.fee_asset IS NOT NULL AND y.owner = s.owner AND y.venue = u.venue AND y.account = u.account
         AND y.asset = s.fee_asset) AS f ON true;
END $$;

-- Vaults and sleeves of a database that is older than these machines: they are opened as they stand.
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT v.*, s.code FROM ledger.vault v JOIN ledger.asset s ON s.id = v.asset ORDER BY v.owner, v.id LOOP
    UPDATE ledger.vault SET quarantine = ledger.open_account(one.owner, one.asset, 'quarantine/' || one.venue || '/' || one.code, false, 0)
     WHERE owner = one.owner AND id = one.id;
    UPDATE ledger.vault SET instance = ledger.record_move(one.owner, 'vault', 0, 0, '', 'open', 'start', 0, false,
             json_build_object('opened', ledger.opened_vault(one.owner, one.id), 'reserve', json_build_object('rule', 'none'), 'who', 'bursar',
                               'why', 'opened before vaults were machines')::text, ledger.world_now())
     WHERE owner = one.owner AND id = one.id;
  END LOOP;
  FOR one IN SELECT s.*, v.venue, n.base AS base_asset, n.quote AS quote_asset, b.code FROM ledger.sleeve s
               JOIN ledger.vault v ON v.owner = s.owner AND v.id = s.vault JOIN ledger.instrument n ON n.id = s.instrument
               JOIN ledger.asset b ON b.id = n.base ORDER BY s.owner, s.id LOOP
    UPDATE ledger.account SET fund = one.id
     WHERE owner = one.owner AND id IN (one.quote, one.base, one.trading_quote, one.trading_base, one.fees_quote);
    UPDATE ledger.sleeve SET fees_base = ledger.open_account(one.owner, one.base_asset, 'sleeve/' || one.name || '/fees/' || one.code, true, one.id),
           external_base = ledger.open_account(one.owner, one.base_asset, 'venue/' || one.venue || '/' || one.code, false, 0),
           quarantine_base = ledger.open_account(one.owner, one.base_asset, 'quarantine/' || one.venue || '/' || one.code, false, 0)
     WHERE owner = one.owner AND id = one.id;
    UPDATE ledger.sleeve SET instance = ledger.record_move(one.owner, 'sleeve', 0, 0, '', 'open', 'start', one.id, false,
             json_build_object('opened', ledger.opened_sleeve(one.owner, one.id), 'allocation', one.quote_asset || ':' || one.allocation, 'who', 'bursar',
                               'why', 'opened before sleeves were machines')::text, ledger.world_now())
     WHERE owner = one.owner AND id = one.id;
  END LOOP;
END $$;
ALTER TABLE sleeve DROP COLUMN allocation;   -- the sleeve's machine keeps it: allocations change it

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO bursar_service;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO bursar_service;
