-- 0024: what was in no chain is put on record there: a venue's statements, each with its lines and the fills of others that it showed first, in the
-- transaction that keeps it; and the checkpoints that were signed, so that a file of them that is gone is missed.
SET search_path = ledger;

-- What is on record is looked up by its kind: few among millions.
CREATE INDEX instance_intervention ON instance (owner, id) WHERE kind = 'intervention';

-- Version 1 of what a statement is digested by, as it stands.
CREATE FUNCTION statement_digest(p_id bigint) RETURNS text LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT encode(sha256('\x01'::bytea || int8send(s.id) || lp(s.venue) || lp(s.account) || int8send(s.world_at)
           || int8send((extract(epoch FROM s.wall_at) * 1000000)::bigint)
           || coalesce((SELECT string_agg(lp(l.asset) || lp(l.total::text), '' ORDER BY l.asset COLLATE "C") FROM statement_line l WHERE l.statement = s.id), '')
           || coalesce((SELECT string_agg(lp(f.venue) || lp(f.account) || lp(f.id) || lp(f.symbol) || int8send(f.at) || boolsend(f.is_buy) || lp(f.base::text)
                                          || lp(f.quote::text) || lp(f.fee::text) || lp(f.fee_asset), '' ORDER BY f.venue COLLATE "C", f.account COLLATE "C", f.id COLLATE "C")
                          FROM foreign_fill f WHERE f.statement = s.id), '')), 'hex')
    FROM statement s WHERE s.id = p_id;
$$;

-- With the owner whose vault is on that account; where none is, the first. Without an owner there is no chain.
CREATE FUNCTION record_statement(p_id bigint) RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  whose int := (SELECT coalesce((SELECT min(v.owner) FROM statement s JOIN vault v ON v.venue = s.venue AND v.account = s.account WHERE s.id = p_id),
                                (SELECT min(o.id) FROM owner o)));
BEGIN
  IF whose IS NOT NULL THEN
    PERFORM record_intervention(whose, jsonb_build_object('what', 'statement', 'who', 'reconciliation', 'why', 'a statement was kept',
                                                          'statements', jsonb_build_object(p_id, statement_digest(p_id))));
  END IF;
END $$;

CREATE OR REPLACE FUNCTION keep_statement(p_venue text, p_account text, p_world bigint, p_assets text[], p_totals numeric[], f_id text[], f_symbol text[],
                               f_at bigint[], f_buy boolean[], f_base numeric[], f_quote numeric[], f_fee numeric[], f_fee_asset text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made bigint;
BEGIN
  -- Flags first, in everyone's order.
  PERFORM pg_advisory_xact_lock_shared(7001, 0);
  INSERT INTO statement (venue, account, world_at) VALUES (p_venue, p_account, p_world) RETURNING id INTO made;
  INSERT INTO statement_line SELECT made, l.asset, l.total FROM unnest(p_assets, p_totals) AS l (asset, total);
  INSERT INTO foreign_fill (venue, account, id, statement, symbol, at, is_buy, base, quote, fee, fee_asset)
  SELECT p_venue, p_account, f.id, made, f.symbol, f.at, f.is_buy, f.base, f.quote, f.fee, f.fee_asset
    FROM unnest(f_id, f_symbol, f_at, f_buy, f_base, f_quote, f_fee, f_fee_asset) AS f (id, symbol, at, is_buy, base, quote, fee, fee_asset)
      ON CONFLICT DO NOTHING;
  PERFORM record_statement(made);
  RETURN made;
END $$;

-- The statements that were kept before.
DO $$
DECLARE
  one bigint;
BEGIN
  FOR one IN SELECT id FROM ledger.statement ORDER BY id LOOP
    PERFORM ledger.record_statement(one);
  END LOOP;
END $$;

-- Names the first statement that is not what the chain says was kept.
CREATE FUNCTION verify_statements() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  WITH said AS (
    SELECT k.key::bigint AS id, k.value AS digest FROM instance i JOIN transition t ON t.owner = i.owner AND t.instance = i.id AND t.version = 1
     CROSS JOIN LATERAL jsonb_each_text(CASE t.data::jsonb ->> 'what' WHEN 'statement' THEN t.data::jsonb -> 'statements' END) AS k
     WHERE i.kind = 'intervention')
  SELECT x.problem FROM (
    SELECT 1 AS at, coalesce(s.id, d.id) AS id, format('statement (id %s): %s', coalesce(s.id, d.id),
             CASE WHEN s.id IS NULL THEN 'is gone' WHEN d.id IS NULL THEN 'nobody kept it' ELSE 'is not what was kept' END) AS problem
      FROM statement s FULL JOIN said d ON d.id = s.id WHERE d.digest IS DISTINCT FROM statement_digest(s.id)
    UNION ALL
    SELECT 2, l.statement, format('statement_line (statement %s, %s): there is no such statement', l.statement, l.asset)
      FROM statement_line l WHERE NOT EXISTS (SELECT FROM statement s WHERE s.id = l.statement)
    UNION ALL
    SELECT 3, f.statement, format('foreign_fill (%s/%s, %s): there is no such statement', f.venue, f.account, f.id)
      FROM foreign_fill f WHERE NOT EXISTS (SELECT FROM statement s WHERE s.id = f.statement)) AS x
   ORDER BY x.at, x.id LIMIT 1;
$$;

-- That a checkpoint was signed, or that those before count no longer, and who said so.
CREATE FUNCTION record_checkpoint(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  IF p_data::jsonb ->> 'what' NOT IN ('checkpoint', 'checkpoints anew') THEN
    RAISE EXCEPTION 'this is no word about checkpoints' USING ERRCODE = 'BU013';
  END IF;
  PERFORM lock_flags(p_owner);
  RETURN record_intervention(p_owner, p_data::jsonb);
END $$;

REVOKE ALL ON FUNCTION statement_digest(bigint), record_statement(bigint), verify_statements(), record_checkpoint(int, text) FROM PUBLIC;
-- Who verifies, and so signs: people, once they have a role of their own.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bursar_operator') THEN
    GRANT EXECUTE ON FUNCTION ledger.verify_statements(), ledger.record_checkpoint(int, text) TO bursar_operator;
  ELSE
    GRANT EXECUTE ON FUNCTION ledger.verify_statements() TO bursar_service;
  END IF;
END $$;
