-- audit.sql: the audit in slices: each function looks at a range of keys in a snapshot of its own, so that
-- no long snapshot stands beside the house and several connections share the work. Whatever a slice
-- compares is committed together, so writers at work raise no false alarm. Each names its first bad row,
-- or nothing.
--
-- What is compared one to one is compared as sums of 64-bit hashes under p_seed, which nobody knew before:
-- no sort, no window. Hashes are chained (one is the seed of the next), so that values can't change places
-- between rows. Where sums differ, a slower query of the same range (find_...) names the row.
SET search_path = ledger;

-- Where to cut: about every p_rows transitions an instance; accounts, which read their owners' postings,
-- in large pieces: an eighth of all entries, and 500,000 at least. How long each is, it says itself; that
-- decides only how even the slices are, for the first one has no lower end and the last one no upper.
CREATE FUNCTION audit_cuts(p_rows bigint, OUT what text, OUT owner int, OUT id bigint) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT x.what, x.owner, x.id FROM (
    SELECT 'instance' AS what, i.owner, i.id, (sum(i.version) OVER (ORDER BY i.owner, i.id))::bigint AS upto,
           i.version AS own, p_rows AS each FROM instance i
    UNION ALL
    SELECT 'account', a.owner, a.id, (sum(a.version) OVER (ORDER BY a.owner, a.id))::bigint, a.version,
           greatest(p_rows * 5 / 2, (sum(a.version) OVER () / 8)::bigint) FROM account a) AS x
   WHERE (x.upto - x.own) / x.each <> x.upto / x.each ORDER BY 1, 2, 3;
$$;

-- Instances from the first key (included) to the second (not): every transition's digest over its own
-- columns, postings and jobs, gapless versions that each leave where the last one arrived, and the
-- instance's row and birth. The places that moves leave, with the one where each instance stands, are the
-- places where moves arrive, with the one where each begins: then none is missing and none is apart.
CREATE FUNCTION audit_instances(p_owner int, p_id bigint, p_to_owner int, p_to_id bigint, p_seed bigint,
                                OUT problem text, OUT transitions bigint, OUT postings bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET client_encoding = 'UTF8' SET max_parallel_workers_per_gather = 0
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_nestloop = off
SET enable_hashagg = off SET work_mem = '64MB' AS $$
DECLARE
  sound  boolean;
  firsts bigint;
  lasts  bigint;
  moves  numeric;
BEGIN
  WITH posted AS (
    SELECT p.owner, p.instance, p.version, count(*) AS n, min(p.world_at) AS first_at,
           max(p.world_at) AS last_at,
           string_agg(posting_utf8(p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code,
                                   p.hold_instance, p.hold_version, p.hold_leg), '') AS bytes
      FROM (SELECT * FROM posting WHERE (posting.owner, posting.instance) >= (p_owner, p_id)
               AND (posting.owner, posting.instance) < (p_to_owner, p_to_id)
             ORDER BY posting.owner, posting.instance, posting.version, posting.leg) AS p
     GROUP BY p.owner, p.instance, p.version)
  SELECT count(*), coalesce(sum(j.n), 0), coalesce(bool_and(j.fits), true),
         count(*) FILTER (WHERE j.version = 1), count(*) FILTER (WHERE j.is_last),
         coalesce(sum(j.leaves), 0) - coalesce(sum(j.arrives), 0)
    INTO transitions, postings, sound, firsts, lasts, moves
    FROM (SELECT m.version, p.n,
                 m.is_last,
                 coalesce(m.digest = transition_utf8(m.owner, m.instance, m.version, m.step_instance,
                                                     m.step_version, m.kind, m.machine_version,
                            m.from_state, m.to_state, m.event, m.command, m.world_at, m.data, m.jobs,
                            coalesce(p.bytes, ''))
                   AND (p.n IS NULL OR p.first_at = m.world_at AND p.last_at = m.world_at)
                   AND (m.version <> 1 OR m.born_version = m.step_version
                        AND m.born_of = CASE m.step_instance WHEN m.instance THEN 0 ELSE m.step_instance END),
                   false) AS fits,
                 place_hash(p_seed, m.owner, m.instance, m.version, m.from_state) AS leaves,
                 place_hash(p_seed, m.owner, m.instance, m.version + 1, m.to_state) AS arrives
            FROM (SELECT t.*, i.born_of, i.born_version,
                         (t.version, t.to_state, t.data, t.kind, t.machine_version) = (i.version, i.state,
                             i.data, i.kind, i.machine_version) AS is_last
                    FROM transition t LEFT JOIN instance i ON i.owner = t.owner AND i.id = t.instance
                   WHERE (t.owner, t.instance) >= (p_owner, p_id)
                     AND (t.owner, t.instance) < (p_to_owner, p_to_id)) AS m
            FULL JOIN posted p ON p.owner = m.owner AND p.instance = m.instance
             AND p.version = m.version) AS j;
  IF sound IS NOT TRUE
     OR (SELECT count(*) <> firsts OR count(*) <> lasts
                OR moves <> coalesce(sum(place_hash(p_seed, i.owner, i.id, 1, '')), 0)
                            - coalesce(sum(place_hash(p_seed, i.owner, i.id, i.version + 1, i.state)), 0)
           FROM instance i
          WHERE (i.owner, i.id) >= (p_owner, p_id) AND (i.owner, i.id) < (p_to_owner, p_to_id)) THEN
    problem := coalesce((SELECT f.problem FROM find_in_instances(p_owner, p_id, p_to_owner, p_to_id) AS f),
                        format('instances from (owner %s, id %s): they do not add up', p_owner, p_id));
  END IF;
END $$;

-- The first of these accounts whose row is not its last entry.
CREATE FUNCTION audit_balances(p_owner int, p_id bigint, p_to_owner int, p_to_id bigint, OUT problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_memoize = off AS $$
BEGIN
  SELECT format('account (owner %s, id %s, %s): its counters are not its last entry', a.owner, a.id, a.path)
    INTO problem
    FROM account a
    LEFT JOIN LATERAL (SELECT * FROM entry n WHERE n.owner = a.owner AND n.account = a.id
                        ORDER BY n.version DESC LIMIT 1) AS e ON true
    LEFT JOIN posting p ON p.owner = e.owner AND p.instance = e.instance AND p.version = e.step_version
     AND p.leg = e.leg
   WHERE (a.owner, a.id) >= (p_owner, p_id) AND (a.owner, a.id) < (p_to_owner, p_to_id)
     AND ((a.version, a.debits_pending::numeric, a.debits_posted::numeric, a.credits_pending::numeric,
           a.credits_posted::numeric) IS DISTINCT FROM
          (coalesce(e.version, 0), coalesce(e.debits_pending, 0), coalesce(e.debits_posted, 0),
           coalesce(e.credits_pending, 0), coalesce(e.credits_posted, 0))
          OR a.asset <> p.asset)
   ORDER BY a.owner, a.id LIMIT 1;
END $$;

-- The first instance that still moves whose row is not its last transition.
CREATE FUNCTION audit_living() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  SELECT format('instance (owner %s, id %s): is not what its transitions make of it', i.owner, i.id)
    FROM instance i
    LEFT JOIN LATERAL (SELECT * FROM transition t WHERE t.owner = i.owner AND t.instance = i.id
                        ORDER BY t.version DESC LIMIT 1) AS t ON true
   WHERE NOT i.is_final AND (i.version, i.state, i.data, i.kind, i.machine_version)
         IS DISTINCT FROM (t.version, t.to_state, t.data, t.kind, t.machine_version)
   LIMIT 1;
$$;

-- Accounts of a range: each entry is the one before plus what its posting does to this side; the account's
-- row is its last entry: the balances before each entry, with those of the accounts as they stand, are the
-- balances after each, with a zero for each account, all in the account's asset. Hash joins: a look at a
-- posting for each entry would cost ten times as much. So slices of accounts should be large.
CREATE FUNCTION audit_accounts(p_owner int, p_id bigint, p_to_owner int, p_to_id bigint, p_seed bigint,
                               OUT problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET max_parallel_workers_per_gather = 0 SET work_mem = '256MB' AS $$
DECLARE
  sound boolean;
  moves numeric;
BEGIN
  SELECT coalesce(bool_and(j.fits), true), coalesce(sum(j.before), 0) - coalesce(sum(j.after), 0)
    INTO sound, moves
    FROM (SELECT coalesce(CASE e.side WHEN 0 THEN p.debit WHEN 1 THEN p.credit END = e.account
                   AND least(e.debits_pending, e.debits_posted, e.credits_pending, e.credits_posted) >= 0
                   AND CASE e.side WHEN 0 THEN e.debits_pending >= p.pending AND e.debits_posted >= p.settled
                                   ELSE e.credits_pending >= p.pending
                                     AND e.credits_posted >= p.settled END, false) AS fits,
                 balance_hash(p_seed, e.owner, e.account, p.asset, e.version + 1, e.debits_pending,
                              e.debits_posted, e.credits_pending, e.credits_posted) AS after,
                 CASE e.side
                   WHEN 0 THEN balance_hash(p_seed, e.owner, e.account, p.asset, e.version,
                                            e.debits_pending - p.pending, e.debits_posted - p.settled,
                                            e.credits_pending, e.credits_posted)
                   WHEN 1 THEN balance_hash(p_seed, e.owner, e.account, p.asset, e.version, e.debits_pending,
                                            e.debits_posted, e.credits_pending - p.pending,
                                            e.credits_posted - p.settled)
                 END AS before
            FROM entry e
            LEFT JOIN (SELECT q.owner, q.instance, q.version, q.leg, q.debit, q.credit, q.asset,
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
                  AND p.leg = e.leg
           WHERE (e.owner, e.account) >= (p_owner, p_id)
             AND (e.owner, e.account) < (p_to_owner, p_to_id)) AS j;
  IF sound IS NOT TRUE
     OR (SELECT coalesce(min(least(a.debits_pending, a.debits_posted, a.credits_pending,
                                   a.credits_posted)), 0) < 0
                OR moves <> coalesce(sum(balance_hash(p_seed, a.owner, a.id, a.asset, 1, 0, 0, 0, 0)), 0)
                            - coalesce(sum(balance_hash(p_seed, a.owner, a.id, a.asset, a.version + 1,
                                                        a.debits_pending, a.debits_posted, a.credits_pending,
                                                        a.credits_posted)), 0)
           FROM account a
          WHERE (a.owner, a.id) >= (p_owner, p_id) AND (a.owner, a.id) < (p_to_owner, p_to_id)) THEN
    problem := coalesce((SELECT f.problem FROM find_in_accounts(p_owner, p_id, p_to_owner, p_to_id) AS f),
                        format('accounts from (owner %s, id %s): they do not add up', p_owner, p_id));
  END IF;
END $$;

-- Links p_from to p_to of a shard: each follows from the one before and from the digests of its rows;
-- p_prev is the hash before p_from.
CREATE FUNCTION audit_links(p_shard int, p_from bigint, p_to bigint, OUT problem text, OUT links bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_memoize = off SET work_mem = '64MB' AS $$
DECLARE
  bad bigint;
BEGIN
  SELECT count(*), min(x.seq) FILTER (WHERE x.seq <> x.nth OR x.digests IS NULL OR x.hash IS DISTINCT FROM
           link_hash(p_shard, x.seq, x.prev, (extract(epoch FROM x.wall_at) * 1000000)::bigint, x.digests))
    INTO links, bad
    FROM (SELECT l.seq, l.hash, l.wall_at, p_from - 1 + row_number() OVER w AS nth,
                 lag(l.hash, 1, coalesce((SELECT b.hash FROM link b
                                           WHERE b.shard = p_shard AND b.seq = p_from - 1),
                                                 '\x')) OVER w AS prev,
                 -- A row that is not there has no digest, and then the link has none. In
                 -- the arrays' order: nested loops keep it. Most links have no refusal:
                 -- to look for one costs more than the rest.
                 CASE WHEN array_remove(l.tokens, NULL) = '{}' THEN
                   (SELECT CASE WHEN count(*) = count(t.digest)
                                THEN coalesce(string_agg(t.digest, ''), '') END
                      FROM unnest(l.owners, l.instances, l.versions) AS u (owner, instance, version)
                      LEFT JOIN transition t ON t.owner = u.owner AND t.instance = u.instance
                       AND t.version = u.version)
                 ELSE
                   (SELECT CASE WHEN count(*) = count(d.digest)
                                THEN coalesce(string_agg(d.digest, '' ORDER BY d.nth), '') END
                      FROM (SELECT u.nth, CASE WHEN u.token IS NULL
                                               THEN (SELECT t.digest FROM transition t
                                                      WHERE t.owner = u.owner AND t.instance = u.instance
                                                        AND t.version = u.version)
                                               ELSE (SELECT r.digest FROM refusal r
                                                      WHERE r.owner = u.owner AND r.instance = u.instance
                                                        AND r.version = u.version AND r.token = u.token)
                                          END AS digest
                              FROM unnest(l.owners, l.instances, l.versions, l.tokens) WITH ORDINALITY
                                   AS u (owner, instance, version, token, nth)) AS d)
                 END AS digests
            FROM link l WHERE l.shard = p_shard AND l.seq BETWEEN p_from AND p_to
          WINDOW w AS (ORDER BY l.seq)) AS x;
  IF bad IS NULL AND links < p_to - p_from + 1 THEN
    bad := p_from + links;  -- the last ones are missing
  END IF;
  IF bad IS NOT NULL THEN
    problem := format('link (shard %s, seq %s): does not follow from the one before and its rows', p_shard,
                      bad);
  END IF;
END $$;

-- Sums, limits and holds as they stand, and what refusals say: small tables, one look.
CREATE FUNCTION audit_standing() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  SELECT x.problem FROM (
    SELECT format('asset %s: debits and credits differ', asset) AS problem FROM account
     GROUP BY asset HAVING sum(debits_posted) <> sum(credits_posted)
        OR sum(debits_pending) <> sum(credits_pending)
    UNION ALL
    SELECT format('account (owner %s, id %s, %s): spends more than it has', owner, id, path) FROM account
     WHERE limited AND debits_pending + debits_posted > credits_posted
    UNION ALL
    SELECT format('account (owner %s, id %s, %s): pending debits are not its open holds', a.owner, a.id,
                  a.path)
      FROM account a LEFT JOIN (SELECT owner, debit, sum(reserved) AS held FROM hold WHERE resolved_by = 0
                                 GROUP BY 1, 2) AS h ON h.owner = a.owner AND h.debit = a.id
     WHERE a.debits_pending <> coalesce(h.held, 0)
    UNION ALL
    SELECT format('account (owner %s, id %s, %s): pending credits are not its open holds', a.owner, a.id,
                  a.path)
      FROM account a LEFT JOIN (SELECT owner, credit, sum(reserved) AS held FROM hold WHERE resolved_by = 0
                                 GROUP BY 1, 2) AS h ON h.owner = a.owner AND h.credit = a.id
     WHERE a.credits_pending <> coalesce(h.held, 0)
    UNION ALL
    SELECT format('refusal (owner %s, instance %s, version %s): its content does not match its digest',
                  r.owner, r.instance, r.version)
      FROM refusal r WHERE r.digest <> refusal_digest(r.owner, r.instance, r.version, r.token, r.reason)
    UNION ALL
    SELECT format('shard %s: its head is not its last link', h.id) FROM shard h
      LEFT JOIN (SELECT DISTINCT ON (shard) * FROM link ORDER BY shard, seq DESC) AS l ON l.shard = h.id
     WHERE h.seq <> coalesce(l.seq, 0) OR h.head <> coalesce(l.hash, '\x')
    UNION ALL
    SELECT format('link (shard %s, seq %s): there is no such shard', l.shard, l.seq) FROM link l
     WHERE NOT EXISTS (SELECT FROM shard h WHERE h.id = l.shard)) AS x
  LIMIT 1;
$$;

-- Every hold by the postings that it came from and that resolved it.
CREATE FUNCTION audit_holds() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  SELECT format('hold (owner %s, instance %s, version %s, leg %s): is not what its postings say', h.owner,
                h.instance, h.version, h.leg)
    FROM hold h
    LEFT JOIN posting p ON p.owner = h.owner AND p.instance = h.instance AND p.version = h.version
     AND p.leg = h.leg AND p.kind = 'hold'
    LEFT JOIN posting r ON r.hold_instance <> 0 AND r.owner = h.owner AND r.hold_instance = h.instance
     AND r.hold_version = h.version AND r.hold_leg = h.leg
   WHERE (p.amount::numeric, p.debit, p.credit, p.asset)
         IS DISTINCT FROM (h.reserved::numeric, h.debit, h.credit, h.asset)
      OR coalesce(r.instance, 0) <> h.resolved_by OR coalesce(r.version, 0) <> h.resolved_version
   ORDER BY h.owner, h.instance, h.version, h.leg LIMIT 1;
$$;

-- What links p_from to p_to of a shard hold, row by row: digests, postings' times, and each transition
-- after the one before it.
CREATE FUNCTION audit_recent(p_shard int, p_from bigint, p_to bigint, OUT problem text,
                             OUT transitions bigint, OUT postings bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_memoize = off AS $$
BEGIN
  SELECT count(*), coalesce(sum(j.n), 0), min(j.wrong) INTO transitions, postings, problem
    FROM (SELECT p.n,
                 CASE WHEN t.digest IS DISTINCT FROM transition_digest(t.owner, t.instance, t.version,
                     t.step_instance, t.step_version, t.kind, t.machine_version,
                             t.from_state, t.to_state, t.event, t.command, t.world_at, t.data, t.jobs,
                             coalesce(p.bytes, ''))
                      THEN format('transition (owner %s, instance %s, version %s): its content does not '
                                  'match its digest', u.owner, u.instance, u.version)
                      WHEN p.first_at <> t.world_at OR p.last_at <> t.world_at
                      THEN format('posting (owner %s, instance %s, version %s): its world time is not its '
                                  'transition''s', u.owner, u.instance, u.version)
                      WHEN t.from_state IS DISTINCT FROM CASE t.version WHEN 1 THEN '' ELSE
                             (SELECT b.to_state FROM transition b
                               WHERE b.owner = t.owner AND b.instance = t.instance
                                 AND b.version = t.version - 1) END
                      THEN format('transition (owner %s, instance %s, version %s): does not follow the one '
                                  'before', u.owner, u.instance, u.version) END AS wrong
            FROM link l CROSS JOIN LATERAL unnest(l.owners, l.instances, l.versions, l.tokens)
                 AS u (owner, instance, version, token)
            LEFT JOIN transition t ON t.owner = u.owner AND t.instance = u.instance AND t.version = u.version
           CROSS JOIN LATERAL (
             SELECT count(*) AS n, min(q.world_at) AS first_at, max(q.world_at) AS last_at,
                    string_agg(posting_bytes(q.leg, q.kind, q.debit, q.credit, q.asset, q.amount, q.code,
                                             q.hold_instance, q.hold_version, q.hold_leg), ''
                                               ORDER BY q.leg) AS bytes
               FROM posting q WHERE q.owner = u.owner AND q.instance = u.instance
                AND q.version = u.version) AS p
           WHERE l.shard = p_shard AND l.seq BETWEEN p_from AND p_to AND u.token IS NULL) AS j;
END $$;

-- What all links of a shard after p_since have touched, as it stands in one view: every instance is its
-- last transition, and the last entries of every account are those of the postings of these links, each
-- the one before plus what its posting does.
CREATE FUNCTION audit_touched(p_shard int, p_since bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_mergejoin = off SET enable_memoize = off SET work_mem = '64MB' AS $$
DECLARE
  problem text;
BEGIN
  WITH item AS MATERIALIZED (
    SELECT u.owner, u.instance, u.version
      FROM link l CROSS JOIN LATERAL unnest(l.owners, l.instances, l.versions, l.tokens)
           AS u (owner, instance, version, token)
     WHERE l.shard = p_shard AND l.seq > p_since AND u.token IS NULL)
  SELECT format('instance (owner %s, id %s): is not what its transitions make of it', x.owner, x.instance)
    INTO problem
    FROM (SELECT DISTINCT owner, instance FROM item) AS x
    LEFT JOIN LATERAL (SELECT * FROM instance i WHERE i.owner = x.owner AND i.id = x.instance) AS i ON true
    LEFT JOIN LATERAL (SELECT * FROM transition t WHERE t.owner = x.owner AND t.instance = x.instance
                        ORDER BY t.version DESC LIMIT 1) AS t ON true
   WHERE (i.version, i.state, i.data, i.kind, i.machine_version)
         IS DISTINCT FROM (t.version, t.to_state, t.data, t.kind, t.machine_version)
   ORDER BY x.owner, x.instance LIMIT 1;
  IF problem IS NOT NULL THEN
    RETURN problem;
  END IF;
  WITH leg AS MATERIALIZED (
    SELECT q.owner, v.account, q.instance, q.version, q.leg, v.side,
           CASE q.kind WHEN 'hold' THEN q.amount WHEN 'single' THEN 0 ELSE
             -(SELECT h.amount FROM posting h WHERE h.owner = q.owner AND h.instance = q.hold_instance
                  AND h.version = q.hold_version AND h.leg = q.hold_leg) END AS pending,
           CASE q.kind WHEN 'hold' THEN 0 ELSE q.amount END AS settled
      FROM link l CROSS JOIN LATERAL unnest(l.owners, l.instances, l.versions, l.tokens)
           AS u (owner, instance, version, token)
     CROSS JOIN LATERAL (SELECT * FROM posting p
                          WHERE p.owner = u.owner AND p.instance = u.instance AND p.version = u.version) AS q
     CROSS JOIN LATERAL (VALUES (0, q.debit), (1, q.credit)) AS v (side, account)
     WHERE l.shard = p_shard AND l.seq > p_since AND u.token IS NULL),
  latest AS (
    SELECT e.*, e.version > a.version - g.n AS is_new, lag(e.version, 1, 0::bigint) OVER w AS version_before,
           lag(e.debits_pending, 1, 0::numeric) OVER w AS dp,
           lag(e.debits_posted, 1, 0::numeric) OVER w AS dd,
           lag(e.credits_pending, 1, 0::numeric) OVER w AS cp,
           lag(e.credits_posted, 1, 0::numeric) OVER w AS cc
      FROM (SELECT owner, account, count(*) AS n FROM leg GROUP BY owner, account) AS g
     CROSS JOIN LATERAL (SELECT a.version FROM account a WHERE a.owner = g.owner AND a.id = g.account) AS a
     CROSS JOIN LATERAL (SELECT * FROM entry e WHERE e.owner = g.owner AND e.account = g.account
                            AND e.version >= a.version - g.n) AS e
    WINDOW w AS (PARTITION BY e.owner, e.account ORDER BY e.version))
  SELECT format('entry (owner %s, account %s, version %s): running counters are not what its postings make',
                coalesce(n.owner, l.owner),
                coalesce(n.account, l.account), coalesce(n.version::text, 'none')) INTO problem
    FROM leg l FULL JOIN (SELECT * FROM latest WHERE is_new) AS n
      ON n.owner = l.owner AND n.account = l.account AND n.instance = l.instance
     AND n.step_version = l.version AND n.leg = l.leg AND n.side = l.side
   WHERE n.owner IS NULL OR l.owner IS NULL OR n.version <> n.version_before + 1
      OR n.debits_pending IS DISTINCT FROM n.dp + l.pending * (1 - l.side)
      OR n.debits_posted IS DISTINCT FROM n.dd + l.settled * (1 - l.side)
      OR n.credits_pending IS DISTINCT FROM n.cp + l.pending * l.side
      OR n.credits_posted IS DISTINCT FROM n.cc + l.settled * l.side
   ORDER BY n.owner, n.account, n.version LIMIT 1;
  RETURN problem;
END $$;
