-- commit_steps.sql: what commit asks of a step, and locks for it. Plans by key alone, as in commit.sql.
SET search_path = ledger;

-- The accounts of these postings, locked in the one order: each once, in the order of their keys.
CREATE FUNCTION lock_accounts(s_owner int[], p_step int[], p_debit bigint[], p_credit bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM 1
    FROM (SELECT DISTINCT s_owner[p.step] AS owner, v.id
            FROM unnest(p_step, p_debit, p_credit) AS p (step, debit, credit)
           CROSS JOIN LATERAL (VALUES (p.debit), (p.credit)) AS v (id) ORDER BY 1, 2) AS k
   CROSS JOIN LATERAL (SELECT FROM account a WHERE a.owner = k.owner AND a.id = k.id FOR NO KEY UPDATE) AS a;
END $$;

-- The jobs that this call answers, and those of the instances that it ends: each once, in the order of
-- their keys.
CREATE FUNCTION lock_jobs(s_owner int[], s_job_instance bigint[], s_job_version bigint[], s_job_ordinal int[],
                          m_step int[], m_id bigint[], m_final boolean[])
RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM 1
    FROM (SELECT s.* FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal)
                 AS s (owner, instance, version, ordinal)
           UNION
          SELECT s_owner[m.step], m.id, j.version, j.ordinal
            FROM unnest(m_step, m_id, m_final) AS m (step, id, final)
           CROSS JOIN LATERAL (SELECT o.version, o.ordinal FROM job o
                                WHERE o.owner = s_owner[m.step] AND o.instance = m.id OFFSET 0) AS j
           WHERE m.final ORDER BY 1, 2, 3, 4) AS k
   CROSS JOIN LATERAL (SELECT FROM job j WHERE j.owner = k.owner AND j.instance = k.instance
                          AND j.version = k.version AND j.ordinal = k.ordinal FOR UPDATE) AS j;
END $$;

-- All rows that a checked call may touch, locked in the one order.
CREATE FUNCTION lock_all(s_owner int[], s_job_instance bigint[], s_job_version bigint[], s_job_ordinal int[],
                         m_step int[], m_id bigint[], m_final boolean[], p_step int[], p_debit bigint[],
                         p_credit bigint[], p_hold_instance bigint[], p_hold_version bigint[],
                         p_hold_leg int[])
RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM 1
    FROM (SELECT DISTINCT s_owner[m.step] AS owner, m.id FROM unnest(m_step, m_id) AS m (step, id)
           ORDER BY 1, 2) AS k
   CROSS JOIN LATERAL (SELECT FROM instance i WHERE i.owner = k.owner AND i.id = k.id FOR NO KEY UPDATE) AS i;
  PERFORM lock_jobs(s_owner, s_job_instance, s_job_version, s_job_ordinal, m_step, m_id, m_final);
  PERFORM lock_accounts(s_owner, p_step, p_debit, p_credit);
  PERFORM 1
    FROM (SELECT DISTINCT s_owner[p.step] AS owner, p.instance, p.version, p.leg
            FROM unnest(p_step, p_hold_instance, p_hold_version, p_hold_leg)
                 AS p (step, instance, version, leg) ORDER BY 1, 2, 3, 4) AS k
   CROSS JOIN LATERAL (SELECT FROM hold h WHERE h.owner = k.owner AND h.instance = k.instance
                          AND h.version = k.version AND h.leg = k.leg FOR UPDATE) AS h;
END $$;

-- Whether one step fits, its rows being locked: lost_lease is told before conflict and stale_version,
-- those before any refusal.
CREATE FUNCTION check_step(p_at int, p_owner int, p_job_instance bigint, p_job_version bigint,
                           p_job_ordinal int, p_token uuid, p_own int, m_step int[], m_id bigint[],
                           m_kind text[], m_version bigint[], m_from text[], p_step int[], p_kind text[],
                           p_debit bigint[], p_credit bigint[], p_asset int[], p_amount numeric[],
                           p_hold_instance bigint[], p_hold_version bigint[], p_hold_leg int[],
                           OUT outcome text, OUT reason text, OUT reserved numeric[])
LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  outcome := 'committed'; reason := '';
  IF p_job_instance > 0
     AND NOT EXISTS (SELECT FROM job j
                      WHERE j.owner = p_owner AND j.instance = p_job_instance AND j.version = p_job_version
                                           AND j.ordinal = p_job_ordinal AND j.token = p_token) THEN
    outcome := 'lost_lease';
    RETURN;
  END IF;
  IF p_own > 0 AND EXISTS (SELECT FROM transition t WHERE t.owner = p_owner AND t.instance = m_id[p_own]
                              AND t.version = m_version[p_own] + 1) THEN
    outcome := 'refused'; reason := 'conflict';
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM unnest(m_step, m_id, m_kind, m_version, m_from)
                    AS m (step, id, kind, version, from_state)
               LEFT JOIN LATERAL (SELECT o.* FROM instance o
                                   WHERE o.owner = p_owner AND o.id = m.id OFFSET 0) AS i ON true
              WHERE m.step = p_at AND m.version > 0
                AND (i.version, i.state, i.kind, i.is_final)
                    IS DISTINCT FROM (m.version, m.from_state, m.kind, false)) THEN
    outcome := 'stale_version';
    RETURN;
  END IF;

  -- ======== Each posting by itself; the first that is wrong counts.
  SELECT x.wrong INTO reason FROM (
    SELECT p.at, CASE WHEN d.id IS NULL OR c.id IS NULL THEN 'unknown_account'
                      WHEN d.asset <> p.asset OR c.asset <> p.asset THEN 'asset_mismatch'
                      WHEN p.amount <> trunc(p.amount) OR p.amount >= 1e38 OR p.amount < 0
                        OR (p.amount = 0) <> (p.kind = 'void') OR p.debit = p.credit THEN 'bad_amount'
                      WHEN d.fund <> 0 AND c.fund <> 0 AND d.fund <> c.fund THEN 'crossing'
                      WHEN (p.h_instance <> 0) <> (p.kind IN ('post', 'void')) THEN 'hold_unknown'
                      WHEN p.kind NOT IN ('post', 'void') THEN NULL
                      WHEN h.owner IS NULL OR h.debit <> p.debit OR h.credit <> p.credit
                        OR h.asset <> p.asset THEN 'hold_unknown'
                      WHEN h.resolved_by <> 0
                        OR count(*) OVER (PARTITION BY p.h_instance, p.h_version, p.h_leg) > 1
                           THEN 'hold_resolved'
                      WHEN p.amount > h.reserved THEN 'hold_exceeded' END AS wrong
      FROM (SELECT q.* FROM unnest(p_step, p_kind, p_debit, p_credit, p_asset, p_amount, p_hold_instance,
                                   p_hold_version, p_hold_leg)
                   WITH ORDINALITY AS q (step, kind, debit, credit, asset, amount, h_instance, h_version,
                                         h_leg, at) WHERE q.step = p_at) AS p
      LEFT JOIN LATERAL (SELECT a.* FROM account a
                          WHERE a.owner = p_owner AND a.id = p.debit OFFSET 0) AS d ON true
      LEFT JOIN LATERAL (SELECT a.* FROM account a
                          WHERE a.owner = p_owner AND a.id = p.credit OFFSET 0) AS c ON true
      LEFT JOIN LATERAL (SELECT o.* FROM hold o
                          WHERE o.owner = p_owner AND o.instance = p.h_instance AND o.version = p.h_version
                            AND o.leg = p.h_leg OFFSET 0) AS h ON true) AS x
   WHERE x.wrong IS NOT NULL ORDER BY x.at LIMIT 1;

  -- ======== All of them together: what they do to each account.
  IF reason IS NULL THEN
    SELECT CASE WHEN greatest(a.debits_pending + d.dp, a.debits_posted + d.dd, a.credits_pending + d.cp,
                              a.credits_posted + d.cc) >= 1e38
                THEN 'bad_amount' ELSE 'insufficient_funds' END INTO reason
      FROM (SELECT leg.account, sum(leg.dp) AS dp, sum(leg.dd) AS dd, sum(leg.cp) AS cp, sum(leg.cc) AS cc
              FROM unnest(p_step, p_kind, p_debit, p_credit, p_amount, p_hold_instance, p_hold_version,
                          p_hold_leg)
                   AS p (step, kind, debit, credit, amount, h_instance, h_version, h_leg)
              LEFT JOIN LATERAL (SELECT o.reserved FROM hold o
                                  WHERE p.h_instance <> 0 AND o.owner = p_owner AND o.instance = p.h_instance
                                    AND o.version = p.h_version AND o.leg = p.h_leg OFFSET 0) AS h ON true
             CROSS JOIN LATERAL (SELECT CASE p.kind WHEN 'hold' THEN p.amount
                                             ELSE -coalesce(h.reserved, 0) END AS pending,
                                        CASE p.kind WHEN 'hold' THEN 0 ELSE p.amount END AS posted) AS x
             CROSS JOIN LATERAL (VALUES (p.debit, x.pending, x.posted, 0, 0),
                                 (p.credit, 0, 0, x.pending, x.posted)) AS leg (account, dp, dd, cp, cc)
             WHERE p.step = p_at GROUP BY leg.account) AS d
     CROSS JOIN LATERAL (SELECT o.* FROM account o WHERE o.owner = p_owner AND o.id = d.account OFFSET 0) AS a
     WHERE greatest(a.debits_pending + d.dp, a.debits_posted + d.dd, a.credits_pending + d.cp,
                    a.credits_posted + d.cc) >= 1e38
        OR (a.limited AND a.credits_posted - a.debits_posted - a.debits_pending + d.cc - d.dd - d.dp < 0)
     ORDER BY 1 LIMIT 1;
  END IF;
  reason := coalesce(reason, '');
  IF reason <> '' THEN
    outcome := 'refused';
  END IF;
END $$;

-- Whether the step's own version stands already with exactly this content: every move and every posting of
-- it, none more, none less. A slow path.
CREATE FUNCTION same_content(p_owner int, p_world bigint, p_at int, p_own int, m_step int[],
                             m_instance bigint[], m_born int[], m_kind text[], m_machine int[],
                             m_version bigint[], m_from text[], m_to text[], m_event text[], m_command text[],
                             m_data text[], m_jobs text[], p_step int[], p_leg int[], p_kind text[],
                             p_debit bigint[], p_credit bigint[], p_asset int[], p_amount numeric[],
                             p_code text[], p_hold_instance bigint[], p_hold_version bigint[],
                             p_hold_leg int[])
RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  WITH posted AS (
    SELECT coalesce(string_agg(posting_bytes(p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code,
                                             p.h_instance, p.h_version, p.h_leg), '' ORDER BY p.leg),
                                             '') AS bytes
      FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code, p_hold_instance,
                  p_hold_version, p_hold_leg)
           AS p (step, leg, kind, debit, credit, asset, amount, code, h_instance, h_version, h_leg)
     WHERE p.step = p_at),
  asked AS (
    SELECT m.*
      FROM unnest(m_step, m_instance, m_born, m_kind, m_machine, m_version, m_from, m_to, m_event, m_command,
                  m_data, m_jobs)
           WITH ORDINALITY AS m (step, id0, born, kind, machine, version, from_state, to_state, event,
                                 command, data, jobs, at)
     WHERE m.step = p_at)
  SELECT p_own > 0 AND m_version[p_own] > 0 AND count(*) > 0 AND count(t.digest) = count(*)
         AND count(*) FILTER (WHERE a.at <> p_own) = (SELECT count(*) FROM transition s
                                                       WHERE s.owner = p_owner
                                                         AND s.step_instance = m_instance[p_own]
                                                        AND s.step_version = m_version[p_own] + 1
                                                        AND s.instance <> s.step_instance)
         AND bool_and(t.digest IS NOT DISTINCT FROM transition_digest(p_owner, t.instance, a.version + 1,
             m_instance[p_own], m_version[p_own] + 1, a.kind,
               a.machine, a.from_state, a.to_state, a.event, a.command, p_world, a.data, a.jobs,
               CASE WHEN a.at = p_own THEN posted.bytes ELSE '' END))
    FROM asked a CROSS JOIN posted
    LEFT JOIN transition t ON t.owner = p_owner
     AND t.instance = coalesce((SELECT i.id FROM instance i WHERE a.version = 0 AND i.owner = p_owner
           AND i.born_of = m_instance[p_own] AND i.born_of <> 0 AND i.born_version = m_version[p_own] + 1
           AND i.born_ordinal = a.born), a.id0) AND t.version = a.version + 1;
$$;

-- Whether one of these steps lets something leave that a freeze of everything, of its owner or of all,
-- holds back.
CREATE FUNCTION sends(p_lo int, p_hi int, s_owner int[], m_step int[], m_kind text[], m_event text[])
RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM unnest(m_step, m_kind, m_event) AS m (step, kind, event)
                   JOIN leaving l ON l.kind = m.kind AND l.event = m.event
                   JOIN control c ON c.owner IN (0, s_owner[m.step]) AND c.frozen = 'all'
                  WHERE m.step BETWEEN p_lo AND p_hi);
$$;
