-- 0019: a weaker freeze takes the place of no stronger one, and whether an order that has waited may still leave.
SET search_path = ledger;

-- Of two freezes the one that stops more.
CREATE FUNCTION stronger_freeze(p_one text, p_other text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = ledger, pg_temp AS $$
  SELECT CASE WHEN 'all' IN (p_one, p_other) THEN 'all' WHEN 'entries+transfers' IN (p_one, p_other) THEN 'entries+transfers' ELSE 'no' END;
$$;

DO $patch$
DECLARE
  impose text := pg_get_functiondef('impose(int, text, text, text, text, text, text)'::regprocedure);
  facts  text := pg_get_functiondef('facts(int[], bigint[], bigint[])'::regprocedure);
  frozen constant text := 'frozen = p_level) THEN';
  shown  constant text := 'CASE WHEN g.frozen <> ''no'' THEN g.frozen ELSE c.frozen END';
BEGIN
  IF cardinality(string_to_array(impose, frozen)) <> 2 OR cardinality(string_to_array(facts, shown)) <> 3 THEN
    RAISE EXCEPTION 'impose or facts is not the one that stood before';
  END IF;
  EXECUTE replace(impose, frozen, 'frozen = stronger_freeze(frozen, p_level)) THEN');
  EXECUTE replace(facts, shown, 'stronger_freeze(g.frozen, c.frozen)');
END $patch$;

-- Whether the request of an order that stands as sent may leave now: as the machine judged before it said so (workers/handlers/order). For a worker
-- that could not send at once.
CREATE FUNCTION may_send(p_owner int, p_instance bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM instance i JOIN control c ON c.owner = i.owner JOIN control g ON g.owner = 0
                  CROSS JOIN LATERAL (SELECT stronger_freeze(g.frozen, c.frozen) AS frozen) AS f
                  WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'order' AND i.state = 'sent' AND f.frozen <> 'all'
                    AND (i.data::json ->> 'side' <> 'buy' OR f.frozen = 'no' AND NOT is_paused(i.owner, i.sleeve))
                    AND NOT EXISTS (SELECT FROM pause p WHERE p.owner = i.owner AND (p.scope = 'kind' AND p.target = i.kind
                                       OR p.scope = 'instance' AND p.target = i.id::text)));
$$;

REVOKE ALL ON FUNCTION stronger_freeze(text, text), may_send(int, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_send(int, bigint) TO bursar_service;
