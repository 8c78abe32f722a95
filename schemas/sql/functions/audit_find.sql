-- audit_find.sql: the first bad row where the sums of a slice or the fingerprints differ (audit.sql):
-- slow, and asked only then.
SET search_path = ledger;

-- The first bad row of these instances.
CREATE FUNCTION find_in_instances(p_owner int, p_id bigint, p_to_owner int, p_to_id bigint, OUT problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_nestloop = off SET enable_hashagg = off SET work_mem = '64MB' AS $$
DECLARE
  rows bigint;
BEGIN
  WITH posted AS (
    SELECT p.owner, p.instance, p.version, count(*) AS n, min(p.world_at) AS first_at,
           max(p.world_at) AS last_at,
           string_agg(posting_bytes(p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code,
                                    p.hold_instance, p.hold_version, p.hold_leg), '') AS bytes
      FROM (SELECT * FROM posting WHERE (posting.owner, posting.instance) >= (p_owner, p_id)
               AND (posting.owner, posting.instance) < (p_to_owner, p_to_id)
             ORDER BY posting.owner, posting.instance, posting.version, posting.leg) AS p
     GROUP BY p.owner, p.instance, p.version),
  moved AS (
    SELECT t.*, row_number() OVER w AS nth, lag(t.to_state, 1, '') OVER w AS before,
           lead(false, 1, true) OVER w AS is_last
      FROM transition t WHERE (t.owner, t.instance) >= (p_owner, p_id)
       AND (t.owner, t.instance) < (p_to_owner, p_to_id)
    WINDOW w AS (PARTITION BY t.owner, t.instance ORDER BY t.version)),
  judged AS (
    SELECT coalesce(m.owner, p.owner) AS owner, coalesce(m.instance, p.instance) AS instance,
           coalesce(m.version, p.version) AS version, m.is_last, p.n,
           CASE WHEN m.owner IS NULL THEN 1
                WHEN m.digest IS DISTINCT FROM transition_digest(m.owner, m.instance, m.version,
                                                                 m.step_instance, m.step_version, m.kind,
                                                                 m.machine_version,
                       m.from_state, m.to_state, m.event, m.command, m.world_at, m.data, m.jobs,
                       coalesce(p.bytes, '')) THEN 2
                WHEN p.first_at <> m.world_at OR p.last_at <> m.world_at THEN 3
                WHEN m.version <> m.nth OR m.from_state <> m.before THEN 4
                WHEN m.is_last AND (i.version, i.state, i.data, i.kind, i.machine_version)
                    IS DISTINCT FROM (m.version, m.to_state, m.data, m.kind, m.machine_version) THEN 5
                WHEN m.nth = 1 AND (i.born_of, i.born_version) IS DISTINCT FROM
                     (CASE m.step_instance WHEN m.instance THEN 0 ELSE m.step_instance END, m.step_version)
                        THEN 6 END AS wrong
      FROM moved m FULL JOIN posted p ON p.owner = m.owner AND p.instance = m.instance
       AND p.version = m.version
      LEFT JOIN instance i ON i.owner = m.owner AND i.id = m.instance)
  SELECT count(*) FILTER (WHERE j.is_last),
         (min(ARRAY[j.owner, j.instance, j.version, j.wrong]) FILTER (WHERE j.wrong IS NOT NULL))::text
    INTO rows, problem FROM judged j;
  IF problem IS NOT NULL THEN
    problem := (SELECT format(CASE w[4]
                         WHEN 1 THEN 'posting (owner %s, instance %s, version %s): no transition has it'
                         WHEN 2 THEN 'transition (owner %s, instance %s, version %s): its content does not '
                                     'match its digest'
                         WHEN 3 THEN 'posting (owner %s, instance %s, version %s): its world time is not its '
                                     'transition''s'
                         WHEN 4 THEN 'transition (owner %s, instance %s, version %s): does not follow the '
                                     'one before'
                         WHEN 5 THEN 'instance (owner %s, id %s): is not what its transitions make of it'
                         ELSE 'instance (owner %s, id %s): was not born of what it says' END,
                               w[1], w[2], w[3])
                  FROM (SELECT problem::bigint[] AS w) AS x);
  ELSIF rows <> (SELECT count(*) FROM instance i
                  WHERE (i.owner, i.id) >= (p_owner, p_id) AND (i.owner, i.id) < (p_to_owner, p_to_id)) THEN
    problem := (SELECT format('instance (owner %s, id %s): is not what its transitions make of it', i.owner,
                              i.id)
                  FROM instance i WHERE (i.owner, i.id) >= (p_owner, p_id)
                   AND (i.owner, i.id) < (p_to_owner, p_to_id)
                   AND NOT EXISTS (SELECT FROM transition t WHERE t.owner = i.owner AND t.instance = i.id)
                 ORDER BY i.owner, i.id LIMIT 1);
  END IF;
END $$;

-- The first bad row of these accounts.
CREATE FUNCTION find_in_accounts(p_owner int, p_id bigint, p_to_owner int, p_to_id bigint, OUT problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
BEGIN
  SELECT (min(ARRAY[j.owner, j.account, j.version]) FILTER (WHERE j.wrong))::text INTO problem
    FROM (SELECT e.owner, e.account, e.version,
                 e.version <> e.nth OR CASE e.side
                   WHEN 0 THEN p.debit IS DISTINCT FROM e.account
                     OR e.debits_pending IS DISTINCT FROM e.dp + p.pending
                     OR e.debits_posted IS DISTINCT FROM e.dd + p.settled
                            OR e.credits_pending <> e.cp OR e.credits_posted <> e.cc
                   WHEN 1 THEN p.credit IS DISTINCT FROM e.account
                     OR e.credits_pending IS DISTINCT FROM e.cp + p.pending
                     OR e.credits_posted IS DISTINCT FROM e.cc + p.settled
                            OR e.debits_pending <> e.dp OR e.debits_posted <> e.dd
                   ELSE true END AS wrong
            FROM (SELECT n.*, row_number() OVER w AS nth, lag(n.debits_pending, 1, 0::numeric) OVER w AS dp,
                         lag(n.debits_posted, 1, 0::numeric) OVER w AS dd,
                         lag(n.credits_pending, 1, 0::numeric) OVER w AS cp,
                         lag(n.credits_posted, 1, 0::numeric) OVER w AS cc
                    FROM entry n WHERE (n.owner, n.account) >= (p_owner, p_id)
                     AND (n.owner, n.account) < (p_to_owner, p_to_id)
                  WINDOW w AS (PARTITION BY n.owner, n.account ORDER BY n.version)) AS e
            LEFT JOIN (SELECT q.owner, q.instance, q.version, q.leg, q.debit, q.credit,
                              CASE q.kind WHEN 'hold' THEN q.amount WHEN 'single' THEN 0
                                   ELSE -h.amount END AS pending,
                              CASE q.kind WHEN 'hold' THEN 0 ELSE q.amount END AS settled
                         FROM posting q
                         LEFT JOIN posting h ON q.hold_instance <> 0 AND h.kind = 'hold'
                          AND h.owner BETWEEN p_owner AND p_to_owner
                                            AND h.owner = q.owner AND h.instance = q.hold_instance
                                            AND h.version = q.hold_version AND h.leg = q.hold_leg
                        WHERE q.owner BETWEEN p_owner AND p_to_owner) AS p
                   ON p.owner = e.owner AND p.instance = e.instance AND p.version = e.step_version
                  AND p.leg = e.leg) AS j;
  IF problem IS NOT NULL THEN
    problem := (SELECT format('entry (owner %s, account %s, version %s): running counters are not what its '
                              'postings make', w[1], w[2], w[3])
                  FROM (SELECT problem::bigint[] AS w) AS x);
    RETURN;
  END IF;
  problem := coalesce(
    (SELECT f.problem FROM audit_balances(p_owner, p_id, p_to_owner, p_to_id) AS f),
    (SELECT format('entry (owner %s, account %s, version %s): there is no such account', e.owner, e.account,
                   e.version)
       FROM entry e LEFT JOIN account a ON a.owner = e.owner AND a.id = e.account
      WHERE (e.owner, e.account) >= (p_owner, p_id) AND (e.owner, e.account) < (p_to_owner, p_to_id)
        AND a.id IS NULL LIMIT 1));
END $$;

-- What no slice can see, named: a leg without its entry, a row that is in no link or in two, a hold
-- posting without its row. Slow: asked only where the fingerprints differ.
CREATE FUNCTION audit_strays() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  SELECT x.problem FROM (
    SELECT format('posting (owner %s, instance %s, version %s, leg %s): has no entry on side %s', l.owner,
                  l.instance, l.version, l.leg, l.side) AS problem
      FROM (SELECT p.owner, p.instance, p.version, p.leg, v.side, v.account FROM posting p
             CROSS JOIN LATERAL (VALUES (0, p.debit), (1, p.credit)) AS v (side, account)) AS l
      LEFT JOIN entry e ON e.owner = l.owner AND e.account = l.account AND e.instance = l.instance
       AND e.step_version = l.version AND e.leg = l.leg AND e.side = l.side
     GROUP BY l.owner, l.instance, l.version, l.leg, l.side HAVING count(e.owner) <> 1
    UNION ALL
    SELECT format('entry (owner %s, account %s, version %s): no posting has it', e.owner, e.account,
                  e.version)
      FROM entry e LEFT JOIN posting p ON p.owner = e.owner AND p.instance = e.instance
       AND p.version = e.step_version AND p.leg = e.leg
     WHERE CASE e.side WHEN 0 THEN p.debit WHEN 1 THEN p.credit END IS DISTINCT FROM e.account
    UNION ALL
    SELECT format('%s (owner %s, instance %s, version %s): is in %s links', r.what, r.owner, r.instance,
                  r.version, count(i.shard))
      FROM (SELECT 'transition' AS what, owner, instance, version, NULL::uuid AS token FROM transition
            UNION ALL SELECT 'refusal', owner, instance, version, token FROM refusal) AS r
      LEFT JOIN (SELECT l.shard, u.* FROM link l
                  CROSS JOIN LATERAL unnest(l.owners, l.instances, l.versions, l.tokens)
                        AS u (owner, instance, version, token)) AS i
             ON i.owner = r.owner AND i.instance = r.instance AND i.version = r.version
            AND coalesce(i.token::text, '') = coalesce(r.token::text, '')
     GROUP BY r.what, r.owner, r.instance, r.version, r.token HAVING count(i.shard) <> 1
    UNION ALL
    SELECT format('posting (owner %s, instance %s, version %s, leg %s): its hold is not on record', p.owner,
                  p.instance, p.version, p.leg)
      FROM posting p LEFT JOIN hold h ON h.owner = p.owner AND h.instance = p.instance
       AND h.version = p.version AND h.leg = p.leg
     WHERE p.kind = 'hold' AND h.owner IS NULL
    UNION ALL
    SELECT format('hold (owner %s, instance %s, version %s, leg %s): no posting has it', h.owner, h.instance,
                  h.version, h.leg)
      FROM hold h LEFT JOIN posting p ON p.owner = h.owner AND p.instance = h.instance
       AND p.version = h.version AND p.leg = h.leg AND p.kind = 'hold'
     WHERE p.owner IS NULL
    UNION ALL
    SELECT format('link (shard %s, seq %s): its %s (owner %s, instance %s, version %s) is not there', l.shard,
                  l.seq,
                  CASE WHEN u.token IS NULL THEN 'transition' ELSE 'refusal' END, u.owner, u.instance,
                  u.version)
      FROM link l CROSS JOIN LATERAL unnest(l.owners, l.instances, l.versions, l.tokens)
           AS u (owner, instance, version, token)
      LEFT JOIN transition t ON u.token IS NULL AND t.owner = u.owner AND t.instance = u.instance
       AND t.version = u.version
      LEFT JOIN refusal r ON r.owner = u.owner AND r.instance = u.instance AND r.version = u.version
       AND r.token = u.token
     WHERE t.owner IS NULL AND r.owner IS NULL) AS x
  LIMIT 1;
$$;
