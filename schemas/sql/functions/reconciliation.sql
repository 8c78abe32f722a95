-- reconciliation.sql: statements and breaks. A difference goes to quarantine in the step that finds it,
-- and the database takes it only when the ledger with quarantine is then exactly what the statement says:
-- two who find the same difference at once can't both book it. A statement is put on record in the chain,
-- with its lines and the fills of others that it showed first, in the transaction that keeps it.
SET search_path = ledger;

-- What the ledger expects on the wallets of one venue account, asset by asset: the coins of its vaults and
-- sleeves (what an order holds is still there; fees are gone), less what orders spent beyond their holds;
-- and what waits in quarantine. An account at a venue belongs to one owner; where several have vaults on
-- it, the first one answers for it. stamp changes with every posting; in_flight: orders that have not
-- ended.
CREATE FUNCTION wallet(p_venue text, p_account text)
RETURNS TABLE (owner int, asset int, code text, scale int, ledger numeric, quarantined numeric,
               external bigint, quarantine bigint, stamp numeric, in_flight bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  WITH mine AS (
    SELECT s.*, n.base AS base_asset, n.quote AS quote_asset FROM sleeve s
      JOIN vault v ON v.owner = s.owner AND v.id = s.vault
      JOIN instrument n ON n.id = s.instrument WHERE v.venue = p_venue AND v.account = p_account),
  place AS (
    SELECT v.owner, v.asset, x.account FROM vault v
     CROSS JOIN LATERAL (VALUES (v.reserve), (v.tradeable)) AS x (account)
     WHERE v.venue = p_venue AND v.account = p_account
    UNION ALL SELECT m.owner, m.quote_asset, m.quote FROM mine m
    UNION ALL SELECT m.owner, m.base_asset, m.base FROM mine m),
  coins AS (
    SELECT p.asset, sum(a.credits_posted - a.debits_posted) AS ledger, sum(a.version) AS stamp
      FROM place p JOIN account a ON a.owner = p.owner AND a.id = p.account GROUP BY p.asset),
  beyond AS (
    SELECT p.asset, sum(CASE e.side WHEN 1 THEN p.amount ELSE -p.amount END) AS coins
      FROM mine m CROSS JOIN LATERAL (VALUES (m.suspense_quote), (m.suspense_base), (m.suspense_other))
           AS x (account)
      JOIN entry e ON e.owner = m.owner AND e.account = x.account
      JOIN instance i ON i.owner = e.owner AND i.id = e.instance AND i.sleeve = m.id
      JOIN posting p ON p.owner = e.owner AND p.instance = e.instance AND p.version = e.step_version
       AND p.leg = e.leg
     WHERE p.kind IN ('single', 'post') GROUP BY p.asset),
  side AS (
    SELECT v.owner, v.asset, v.external, v.quarantine FROM vault v
     WHERE v.venue = p_venue AND v.account = p_account
    UNION SELECT m.owner, m.base_asset, m.external_base, m.quarantine_base FROM mine m),
  waiting AS (
    SELECT s.asset, sum(a.credits_posted - a.debits_posted) AS coins, sum(a.version) AS stamp
      FROM side s JOIN account a ON a.owner = s.owner AND a.id = s.quarantine GROUP BY s.asset),
  flying AS (
    SELECT count(*) AS orders FROM instance i JOIN mine m ON m.owner = i.owner AND m.id = i.sleeve
     WHERE i.kind = 'order' AND NOT i.is_final)
  SELECT DISTINCT ON (c.asset) s.owner, c.asset, t.code, t.scale, c.ledger + coalesce(b.coins, 0), w.coins,
         s.external, s.quarantine,
         c.stamp + w.stamp, f.orders
    FROM coins c JOIN asset t ON t.id = c.asset JOIN side s ON s.asset = c.asset
    JOIN waiting w ON w.asset = c.asset CROSS JOIN flying f
    LEFT JOIN beyond b ON b.asset = c.asset ORDER BY c.asset, s.owner;
$$;

-- Version 1 of what a statement is digested by, as it stands.
CREATE FUNCTION statement_digest(p_id bigint) RETURNS text LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT encode(sha256('\x01'::bytea || int8send(s.id) || lp(s.venue) || lp(s.account) || int8send(s.world_at)
           || int8send((extract(epoch FROM s.wall_at) * 1000000)::bigint)
           || coalesce((SELECT string_agg(lp(l.asset) || lp(l.total::text), '' ORDER BY l.asset COLLATE "C")
                          FROM statement_line l WHERE l.statement = s.id), '')
           || coalesce((SELECT string_agg(lp(f.venue) || lp(f.account) || lp(f.id) || lp(f.symbol)
                                          || int8send(f.at) || boolsend(f.is_buy) || lp(f.base::text)
                                          || lp(f.quote::text) || lp(f.fee::text) || lp(f.fee_asset), ''
                                            ORDER BY f.venue COLLATE "C", f.account COLLATE "C",
                                                  f.id COLLATE "C")
                          FROM foreign_fill f WHERE f.statement = s.id), '')), 'hex')
    FROM statement s WHERE s.id = p_id;
$$;

-- Puts a statement on record, with the owner whose vault is on that account; where none is, the first.
-- Without an owner there is no chain.
CREATE FUNCTION record_statement(p_id bigint) RETURNS void LANGUAGE plpgsql
SET search_path = ledger, pg_temp AS $$
DECLARE
  whose int := (SELECT coalesce((SELECT min(v.owner) FROM statement s JOIN vault v ON v.venue = s.venue
                                    AND v.account = s.account WHERE s.id = p_id),
                                (SELECT min(o.id) FROM owner o)));
BEGIN
  IF whose IS NOT NULL THEN
    PERFORM record_intervention(whose, jsonb_build_object(
              'what', 'statement', 'who', 'reconciliation', 'why', 'a statement was kept',
              'statements', jsonb_build_object(p_id, statement_digest(p_id))));
  END IF;
END $$;

-- Keeps a statement as it came, and those of its foreign fills that no statement before has shown. Answers
-- with its id.
CREATE FUNCTION keep_statement(p_venue text, p_account text, p_world bigint, p_assets text[],
                               p_totals numeric[], f_id text[], f_symbol text[], f_at bigint[],
                               f_buy boolean[], f_base numeric[], f_quote numeric[], f_fee numeric[],
                               f_fee_asset text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made bigint;
BEGIN
  -- Flags first, in everyone's order.
  PERFORM pg_advisory_xact_lock_shared(7001, 0);
  INSERT INTO statement (venue, account, world_at) VALUES (p_venue, p_account, p_world)
  RETURNING id INTO made;
  INSERT INTO statement_line
  SELECT made, l.asset, l.total FROM unnest(p_assets, p_totals) AS l (asset, total);
  INSERT INTO foreign_fill (venue, account, id, statement, symbol, at, is_buy, base, quote, fee, fee_asset)
  SELECT p_venue, p_account, f.id, made, f.symbol, f.at, f.is_buy, f.base, f.quote, f.fee, f.fee_asset
    FROM unnest(f_id, f_symbol, f_at, f_buy, f_base, f_quote, f_fee, f_fee_asset)
         AS f (id, symbol, at, is_buy, base, quote, fee, fee_asset)
      ON CONFLICT DO NOTHING;
  PERFORM record_statement(made);
  RETURN made;
END $$;

-- When a break has been born and its postings stand: its fills are its own, for ever; and where it was
-- found by counting, the ledger with quarantine is what the statement says.
CREATE FUNCTION settle_break() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
DECLARE
  d json := NEW.data::json;
  s statement;
BEGIN
  SELECT * INTO STRICT s FROM statement WHERE id = (d ->> 'statement')::bigint;
  INSERT INTO fill_claim (venue, account, fill, owner, instance)
  SELECT s.venue, s.account, f.id, NEW.owner, NEW.instance
    FROM json_array_elements_text(d -> 'fills') AS f (id);
  IF NEW.event = 'find' AND NOT EXISTS (
       SELECT FROM wallet(s.venue, s.account) AS w
         LEFT JOIN statement_line l ON l.statement = s.id AND l.asset = w.code
        WHERE w.asset = split_part(d ->> 'amount', ':', 1)::int
          AND w.ledger + w.quarantined = coalesce(l.total, 0)) THEN
    RAISE EXCEPTION 'the ledger has moved since statement % was compared', s.id USING ERRCODE = 'BU013';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER break_settled AFTER INSERT ON transition DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.kind = 'break' AND NEW.version = 1) EXECUTE FUNCTION settle_break();

-- Breaks: what is in quarantine is what the open breaks have left to explain; a fill belongs to the break
-- whose first transition names it.
CREATE FUNCTION verify_breaks() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  SELECT x.problem FROM (
    SELECT format('account (owner %s, id %s, %s): holds %s, and its open breaks have %s left to explain',
                  a.owner, a.id, a.path,
                  a.credits_posted - a.debits_posted, coalesce(r.rest, 0)) AS problem
      FROM account a
      LEFT JOIN (SELECT i.owner, (i.data::json ->> 'quarantine')::bigint AS account,
                        sum(split_part(i.data::json ->> 'rest', ':', 2)::numeric) AS rest
                   FROM instance i WHERE i.kind = 'break' AND i.state = 'open'
                  GROUP BY 1, 2) AS r ON r.owner = a.owner AND r.account = a.id
     WHERE starts_with(a.path, 'quarantine/') AND a.credits_posted - a.debits_posted <> coalesce(r.rest, 0)
    UNION ALL
    SELECT format('fill (%s/%s, %s): is claimed by %s, and named by %s', coalesce(c.venue, n.venue),
                  coalesce(c.account, n.account),
                  coalesce(c.fill, n.fill), coalesce(c.instance::text, 'nobody'),
                  coalesce(n.instance::text, 'nobody'))
      FROM fill_claim c
      FULL JOIN (SELECT s.venue, s.account, f.id AS fill, t.owner, t.instance
                   FROM transition t JOIN statement s ON s.id = (t.data::json ->> 'statement')::bigint
                  CROSS JOIN LATERAL json_array_elements_text(t.data::json -> 'fills') AS f (id)
                  WHERE t.kind = 'break' AND t.version = 1) AS n USING (venue, account, fill)
     WHERE (c.owner, c.instance) IS DISTINCT FROM (n.owner, n.instance)) AS x LIMIT 1;
$$;

-- Names the first statement that is not what the chain says was kept.
CREATE FUNCTION verify_statements() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  WITH said AS (
    SELECT k.key::bigint AS id, k.value AS digest FROM instance i
      JOIN transition t ON t.owner = i.owner AND t.instance = i.id AND t.version = 1
     CROSS JOIN LATERAL jsonb_each_text(CASE t.data::jsonb ->> 'what'
                                             WHEN 'statement' THEN t.data::jsonb -> 'statements' END) AS k
     WHERE i.kind = 'intervention')
  SELECT x.problem FROM (
    SELECT 1 AS at, coalesce(s.id, d.id) AS id, format('statement (id %s): %s', coalesce(s.id, d.id),
             CASE WHEN s.id IS NULL THEN 'is gone' WHEN d.id IS NULL THEN 'nobody kept it'
                  ELSE 'is not what was kept' END) AS problem
      FROM statement s FULL JOIN said d ON d.id = s.id WHERE d.digest IS DISTINCT FROM statement_digest(s.id)
    UNION ALL
    SELECT 2, l.statement,
           format('statement_line (statement %s, %s): there is no such statement', l.statement, l.asset)
      FROM statement_line l WHERE NOT EXISTS (SELECT FROM statement s WHERE s.id = l.statement)
    UNION ALL
    SELECT 3, f.statement,
           format('foreign_fill (%s/%s, %s): there is no such statement', f.venue, f.account, f.id)
      FROM foreign_fill f WHERE NOT EXISTS (SELECT FROM statement s WHERE s.id = f.statement)) AS x
   ORDER BY x.at, x.id LIMIT 1;
$$;
