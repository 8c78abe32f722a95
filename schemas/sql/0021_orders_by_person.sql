-- 0021: a person's word about an order that nobody can ask about (machines/resolution).
SET search_path = ledger;

-- Holds an order for a person's step in this transaction: '' or why not: moved_on (it has ended, or is no longer as it was looked at), in_flight
-- (a worker holds a job of it: it may be asking the venue just now). The order's last step ends its jobs.
CREATE FUNCTION hold_for_person(p_owner int, p_instance bigint, p_version bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM lock_flags(p_owner);
  PERFORM 1 FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'order' AND i.version = p_version AND NOT i.is_final
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'moved_on';
  END IF;
  PERFORM 1 FROM job j WHERE j.owner = p_owner AND j.instance = p_instance ORDER BY j.version, j.ordinal FOR UPDATE;
  RETURN CASE WHEN EXISTS (SELECT FROM job j WHERE j.owner = p_owner AND j.instance = p_instance AND j.token IS NOT NULL) THEN 'in_flight' ELSE '' END;
END $$;

-- The order to do so, in the same transaction, after its step: the shard's row is locked last.
CREATE FUNCTION record_resolution(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  RETURN record_intervention(p_owner, p_data::jsonb);
END $$;

-- A resolution waits for the venue's own word.
DO $patch$
DECLARE
  source text := pg_get_functiondef('look_for_stranded(int, text, bigint, bigint)'::regprocedure);
  old constant text := '''control'', ''break''';
BEGIN
  IF cardinality(string_to_array(source, old)) <> 2 THEN
    RAISE EXCEPTION 'look_for_stranded is not the one that stood before';
  END IF;
  EXECUTE replace(source, old, old || ', ''resolution''');
END $patch$;

REVOKE ALL ON FUNCTION hold_for_person(int, bigint, bigint), record_resolution(int, text) FROM PUBLIC;
