-- 0018: what a pause of a kind or an instance leaves alone, and a review that ends while it is ordered.
SET search_path = ledger;

-- Its request may be at the venue, or on its way: such an order is asked about until its end, whatever is paused. Otherwise a fill would stay
-- unbooked, and an order in doubt unknown, for as long as the pause lasts.
CREATE FUNCTION may_have_left(p_owner int, p_instance bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'order' AND i.state <> 'drafted' AND NOT i.is_final);
$$;

CREATE OR REPLACE FUNCTION is_halted(p_owner int, p_kind text, p_instance bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pause p WHERE p.owner = p_owner
                    AND (p.scope = 'kind' AND p.target = p_kind OR p.scope = 'instance' AND p.target = p_instance::text))
         AND NOT may_have_left(p_owner, p_instance);
$$;

DO $patch$
DECLARE
  halt text := pg_get_functiondef('halt(int, text, text, text, text)'::regprocedure);
  old constant text := 'AND NOT EXISTS (SELECT FROM instance i WHERE i.owner = j.owner AND i.id = j.instance AND i.kind = ''order'' AND i.state = ''sent'')';
BEGIN
  IF cardinality(string_to_array(halt, old)) <> 2 THEN
    RAISE EXCEPTION 'halt is not the one that 0014 left';
  END IF;
  EXECUTE replace(halt, old, 'AND NOT may_have_left(j.owner, j.instance)');
END $patch$;

-- The event's job may have been done already, by when its key is looked for: then there is nothing of it to wait for.
CREATE OR REPLACE FUNCTION order_reviews(p_owner int) RETURNS jsonb LANGUAGE plpgsql
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  one  record;
  keys jsonb := '[]';
BEGIN
  FOR one IN SELECT v.instance FROM vault v WHERE v.owner = p_owner
                AND EXISTS (SELECT FROM job j WHERE j.owner = v.owner AND j.instance = v.instance AND j.command = 'review' AND NOT j.is_event)
              ORDER BY v.instance LOOP
    IF submit_event(p_owner, one.instance, 'review', world_now()) THEN
      keys := keys || coalesce((SELECT jsonb_agg(jsonb_build_array(j.instance, j.version, j.ordinal)) FROM job j
                                 WHERE j.owner = p_owner AND j.instance = one.instance AND j.command = 'review' AND j.is_event), '[]');
    END IF;
  END LOOP;
  RETURN keys;
END $$;

-- `jobs` is null in a firing of before.
CREATE OR REPLACE FUNCTION settle_review() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  one record;
BEGIN
  SELECT l.owner, l.instance, jsonb_array_length(x.jobs) AS vaults INTO one FROM live_firing l
   CROSS JOIN LATERAL (SELECT coalesce(nullif(l.data::jsonb -> 'jobs', 'null'), '[]') AS jobs) AS x
   WHERE l.state = 'running' AND l.does = 'review'
     AND NOT EXISTS (SELECT FROM jsonb_array_elements(x.jobs) AS k
                       JOIN job j ON j.owner = l.owner AND j.instance = (k ->> 0)::bigint AND j.version = (k ->> 1)::bigint
                                 AND j.ordinal = (k ->> 2)::int) LIMIT 1;
  IF one.instance IS NULL THEN
    RETURN false;
  END IF;
  RETURN end_firing(one.owner, one.instance, true,
           CASE one.vaults WHEN 0 THEN 'no vault has rules to review' ELSE format('%s vault(s) reviewed', one.vaults) END);
END $$;

REVOKE ALL ON FUNCTION may_have_left(int, bigint) FROM PUBLIC;
