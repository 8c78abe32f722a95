-- 0011: the one lock order, kept where it was not. (1) A call that does different things to its jobs (ends some, re-arms some, keeps some,
-- and clears those of instances that end) took each group in key order, not all of them: a broker that gives the same jobs back takes
-- them all in key order, and the two could wait for each other. (2) The small statement for a step's only posting could be planned over the
-- accounts by path instead of by key, while the table was small, and then locked two accounts in the order of their paths.
-- (3) A checked call failed as a whole (22004) over a step without a move, such as a re-armed timer, among steps with moves.
-- Only what changes of `commit` is here: each piece must be found in it exactly once.
SET search_path = ledger;

-- The jobs that this call answers, and those of the instances that it ends: each once, in the order of their keys.
CREATE FUNCTION lock_jobs(s_owner int[], s_job_instance bigint[], s_job_version bigint[], s_job_ordinal int[], m_step int[], m_id bigint[], m_final boolean[])
RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM 1
    FROM (SELECT s.* FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal) AS s (owner, instance, version, ordinal)
           UNION
          SELECT s_owner[m.step], m.id, j.version, j.ordinal FROM unnest(m_step, m_id, m_final) AS m (step, id, final)
           CROSS JOIN LATERAL (SELECT o.version, o.ordinal FROM job o WHERE o.owner = s_owner[m.step] AND o.instance = m.id OFFSET 0) AS j
           WHERE m.final ORDER BY 1, 2, 3, 4) AS k
   CROSS JOIN LATERAL (SELECT FROM job j WHERE j.owner = k.owner AND j.instance = k.instance AND j.version = k.version AND j.ordinal = k.ordinal FOR UPDATE) AS j;
END $$;

-- All rows that a checked call may touch, locked in the one order.
DROP FUNCTION lock_all(int[], bigint[], bigint[], int[], int[], bigint[], int[], bigint[], bigint[], bigint[], bigint[], int[]);
CREATE FUNCTION lock_all(s_owner int[], s_job_instance bigint[], s_job_version bigint[], s_job_ordinal int[], m_step int[], m_id bigint[], m_final boolean[],
                         p_step int[], p_debit bigint[], p_credit bigint[], p_hold_instance bigint[], p_hold_version bigint[], p_hold_leg int[])
RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM 1
    FROM (SELECT DISTINCT s_owner[m.step] AS owner, m.id FROM unnest(m_step, m_id) AS m (step, id) ORDER BY 1, 2) AS k
   CROSS JOIN LATERAL (SELECT FROM instance i WHERE i.owner = k.owner AND i.id = k.id FOR NO KEY UPDATE) AS i;
  PERFORM lock_jobs(s_owner, s_job_instance, s_job_version, s_job_ordinal, m_step, m_id, m_final);
  PERFORM lock_accounts(s_owner, p_step, p_debit, p_credit);
  PERFORM 1
    FROM (SELECT DISTINCT s_owner[p.step] AS owner, p.instance, p.version, p.leg
            FROM unnest(p_step, p_hold_instance, p_hold_version, p_hold_leg) AS p (step, instance, version, leg) ORDER BY 1, 2, 3, 4) AS k
   CROSS JOIN LATERAL (SELECT FROM hold h WHERE h.owner = k.owner AND h.instance = k.instance AND h.version = k.version AND h.leg = k.leg FOR UPDATE) AS h;
END $$;

DO $patch$
DECLARE
  source text := pg_get_functiondef((SELECT p.oid FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace WHERE s.nspname = 'ledger' AND p.proname = 'commit'));
  change text[];
BEGIN
  FOREACH change SLICE 1 IN ARRAY ARRAY[
    ARRAY['m_step, ids, p_step, p_debit, p_credit, p_hold_instance, p_hold_version, p_hold_leg);
  END IF;',
          'm_step, ids, m_final, p_step, p_debit, p_credit, p_hold_instance, p_hold_version, p_hold_leg);
  END IF;'],
    ARRAY['      good := 0;
      IF lone AND s_fate[1] = ''done''',
          '      good := 0;
      IF NOT p_checked AND (finals OR NOT lone AND (''kept'' = ANY (s_fate) OR ''done'' = ANY (s_fate) AND ''rearmed'' = ANY (s_fate))) THEN
        PERFORM lock_jobs(s_owner, s_job_instance, s_job_version, s_job_ordinal, m_step, ids, m_final);
      END IF;
      IF lone AND s_fate[1] = ''done'''],
    ARRAY['FROM (SELECT x.id, x.side FROM (VALUES (p_debit[1], 0), (p_credit[1], 1)) AS x (id, side) WHERE',
          'FROM (SELECT s_owner[p_step[1]] AS owner, x.id, x.side FROM (VALUES (p_debit[1], 0), (p_credit[1], 1)) AS x (id, side) WHERE'],
    ARRAY['array_fill(NULL::uuid, ARRAY[cardinality(a_owner)]);
        l_digest := coalesce(l_digest, '''') || a_digest;',
          'array_fill(NULL::uuid, ARRAY[coalesce(cardinality(a_owner), 0)]);
        l_digest := coalesce(l_digest, '''') || coalesce(a_digest, '''');'],
    ARRAY['WHERE a.owner = ANY (ARRAY[s_owner[p_step[1]]]) AND a.id = v.id', 'WHERE a.owner = ANY (ARRAY[v.owner]) AND a.id = v.id']]
  LOOP
    IF cardinality(string_to_array(source, change[1])) <> 2 THEN
      RAISE EXCEPTION 'commit is not the one that 0010 left: % times "%"', cardinality(string_to_array(source, change[1])) - 1, change[1];
    END IF;
    source := replace(source, change[1], change[2]);
  END LOOP;
  EXECUTE source;
END $patch$;

REVOKE ALL ON FUNCTION lock_jobs(int[], bigint[], bigint[], int[], int[], bigint[], boolean[]),
  lock_all(int[], bigint[], bigint[], int[], int[], bigint[], boolean[], int[], bigint[], bigint[], bigint[], bigint[], int[]) FROM PUBLIC;
