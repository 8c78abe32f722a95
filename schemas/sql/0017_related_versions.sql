-- 0017: the facts of a job say the machine versions of its parent and of the machine of its sleeve too: a step that moves them writes the
-- version that they are pinned to, and a worker that does not know it leaves them alone. Only what changes of `facts` is here: each piece must
-- be found in it exactly once.
SET search_path = ledger;

DO $patch$
DECLARE
  source text := pg_get_functiondef('facts(int[], bigint[], bigint[])'::regprocedure);
  change text[];
BEGIN
  FOREACH change SLICE 1 IN ARRAY ARRAY[
    ARRAY['vault_sleeves text, vault_accounts text)', 'vault_sleeves text, vault_accounts text, parent_machine int, sleeve_machine int)'],
    ARRAY['NULL::bigint, NULL::text, NULL::bigint, NULL::text, NULL::text
      FROM', 'NULL::bigint, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::int, NULL::int
      FROM'],
    ARRAY['a.volatility, a.sleeves, a.accounts', 'a.volatility, a.sleeves, a.accounts, p.machine_version, z.machine_version']]
  LOOP
    IF cardinality(string_to_array(source, change[1])) <> 2 THEN
      RAISE EXCEPTION 'facts is not the one that 0006 left: % times "%"', cardinality(string_to_array(source, change[1])) - 1, change[1];
    END IF;
    source := replace(source, change[1], change[2]);
  END LOOP;
  DROP FUNCTION facts(int[], bigint[], bigint[]);
  EXECUTE source;
END $patch$;

REVOKE ALL ON FUNCTION facts(int[], bigint[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION facts(int[], bigint[], bigint[]) TO bursar_service;
