-- verify.sql: everything is computed again from the rows of history, set-based; each pass names its first
-- bad row, or nothing. Hash joins only: these passes read whole tables, and stale statistics must not talk
-- the planner into nested loops, nor into merging by half a key.
SET search_path = ledger;

-- Digests: every transition's digest from its columns, its postings and its jobs.
CREATE FUNCTION verify_rows() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  WITH posted AS (
    SELECT owner, instance, version,
           string_agg(posting_bytes(leg, kind, debit, credit, asset, amount, code, hold_instance,
                                    hold_version, hold_leg), '' ORDER BY leg) AS bytes
      FROM posting GROUP BY owner, instance, version)
  SELECT format('transition (owner %s, instance %s, version %s): its content does not match its digest',
                t.owner, t.instance, t.version)
    FROM transition t LEFT JOIN posted USING (owner, instance, version)
   WHERE t.digest IS DISTINCT FROM transition_digest(t.owner, t.instance, t.version, t.step_instance,
                                                     t.step_version, t.kind, t.machine_version,
           t.from_state, t.to_state, t.event, t.command, t.world_at, t.data, t.jobs,
           coalesce(posted.bytes, ''))
   ORDER BY t.owner, t.instance, t.version LIMIT 1;
$$;

-- Orphans: postings without their transition or of another world time, refusals that were changed.
CREATE FUNCTION verify_orphans() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  SELECT x.problem FROM (
    SELECT format('posting (owner %s, instance %s, version %s, leg %s): no transition has it', p.owner,
                  p.instance, p.version, p.leg) AS problem
      FROM posting p WHERE NOT EXISTS (SELECT FROM transition t
                                        WHERE t.owner = p.owner AND t.instance = p.instance
                                          AND t.version = p.version)
    UNION ALL
    SELECT format('posting (owner %s, instance %s, version %s, leg %s): its world time is not its '
                  'transition''s', p.owner, p.instance, p.version, p.leg)
      FROM posting p JOIN transition t USING (owner, instance, version) WHERE p.world_at <> t.world_at
    UNION ALL
    SELECT format('refusal (owner %s, instance %s, version %s): its content does not match its digest',
                  r.owner, r.instance, r.version)
      FROM refusal r WHERE r.digest <> refusal_digest(r.owner, r.instance, r.version, r.token, r.reason)) AS x
  LIMIT 1;
$$;

-- Instances: gapless versions, each leaving where the last one arrived, the last one equal to the row.
CREATE FUNCTION verify_instances() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  SELECT x.problem FROM (
    SELECT format('transition (owner %s, instance %s, version %s): does not follow the one before', t.owner,
                  t.instance, t.version) AS problem
      FROM (SELECT owner, instance, version, from_state, row_number() OVER w AS nth,
                   lag(to_state, 1, '') OVER w AS before
              FROM transition WINDOW w AS (PARTITION BY owner, instance ORDER BY version)) AS t
     WHERE t.version <> t.nth OR t.from_state <> t.before
    UNION ALL
    SELECT format('instance (owner %s, id %s): is not what its transitions make of it',
                  coalesce(i.owner, t.owner), coalesce(i.id, t.instance))
      FROM instance i
      FULL JOIN (SELECT DISTINCT ON (owner, instance) owner, instance, version, to_state, data, kind,
                        machine_version
                   FROM transition ORDER BY owner, instance, version DESC) AS t ON t.owner = i.owner
                    AND t.instance = i.id
     WHERE (i.version, i.state, i.data, i.kind, i.machine_version)
           IS DISTINCT FROM (t.version, t.to_state, t.data, t.kind, t.machine_version)) AS x
  LIMIT 1;
$$;

-- Entries: what each posting does to its two accounts, summed up in order, is what the entries and the
-- accounts say.
CREATE FUNCTION verify_entries() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  WITH leg AS (
    SELECT p.owner, p.instance, p.version AS step_version, p.leg, v.side, v.account, v.dp, v.dd, v.cp, v.cc
      FROM posting p
      LEFT JOIN posting h ON p.hold_instance <> 0 AND h.owner = p.owner AND h.instance = p.hold_instance
       AND h.version = p.hold_version AND h.leg = p.hold_leg
     CROSS JOIN LATERAL (VALUES
       (0, p.debit, CASE p.kind WHEN 'hold' THEN p.amount ELSE -coalesce(h.amount, 0) END,
        CASE p.kind WHEN 'hold' THEN 0 ELSE p.amount END, 0, 0),
       (1, p.credit, 0, 0, CASE p.kind WHEN 'hold' THEN p.amount ELSE -coalesce(h.amount, 0) END,
        CASE p.kind WHEN 'hold' THEN 0 ELSE p.amount END)
       ) AS v (side, account, dp, dd, cp, cc)),
  run AS (
    SELECT e.owner, e.account, e.version, row_number() OVER w AS nth,
           e.debits_pending, e.debits_posted, e.credits_pending, e.credits_posted,
           sum(l.dp) OVER w AS dp, sum(l.dd) OVER w AS dd, sum(l.cp) OVER w AS cp, sum(l.cc) OVER w AS cc
      FROM entry e LEFT JOIN leg l USING (owner, account, instance, step_version, leg, side)
    WINDOW w AS (PARTITION BY e.owner, e.account ORDER BY e.version ROWS UNBOUNDED PRECEDING))
  SELECT x.problem FROM (
    SELECT format('entry (owner %s, account %s, version %s): running counters are not what its postings make',
                  r.owner, r.account, r.version) AS problem
      FROM run r
     WHERE r.version <> r.nth OR (r.debits_pending, r.debits_posted, r.credits_pending, r.credits_posted)
           IS DISTINCT FROM (r.dp, r.dd, r.cp, r.cc)
    UNION ALL
    SELECT format('posting (owner %s, instance %s, version %s, leg %s): has no entry on side %s', l.owner,
                  l.instance, l.step_version, l.leg, l.side)
      FROM leg l LEFT JOIN entry e USING (owner, account, instance, step_version, leg, side)
     WHERE e.owner IS NULL
    UNION ALL
    SELECT format('account (owner %s, id %s, %s): its counters are not its last entry', a.owner, a.id, a.path)
      FROM account a
      LEFT JOIN (SELECT DISTINCT ON (owner, account) * FROM entry
                  ORDER BY owner, account, version DESC) AS e ON e.owner = a.owner AND e.account = a.id
     WHERE (a.version, a.debits_pending::numeric, a.debits_posted::numeric, a.credits_pending::numeric,
            a.credits_posted::numeric) IS DISTINCT FROM
           (coalesce(e.version, 0), coalesce(e.debits_pending, 0), coalesce(e.debits_posted, 0),
            coalesce(e.credits_pending, 0), coalesce(e.credits_posted, 0))) AS x
  LIMIT 1;
$$;

-- Sums: per asset debits equal credits, pending and posted; no limited account below zero; open holds are
-- the pending counters.
CREATE FUNCTION verify_sums() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
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
    SELECT format('hold (owner %s, instance %s, version %s, leg %s): is not what its postings say', h.owner,
                  h.instance, h.version, h.leg)
      FROM hold h
      LEFT JOIN posting p ON p.owner = h.owner AND p.instance = h.instance AND p.version = h.version
       AND p.leg = h.leg AND p.kind = 'hold'
      LEFT JOIN posting r ON r.owner = h.owner AND r.hold_instance = h.instance AND r.hold_version = h.version
       AND r.hold_leg = h.leg
     WHERE p.amount IS DISTINCT FROM h.reserved OR coalesce(r.instance, 0) <> h.resolved_by
        OR coalesce(r.version, 0) <> h.resolved_version) AS x
  LIMIT 1;
$$;

-- Links: every shard's chain from its first link to its head, and every transition and refusal in exactly
-- one link.
CREATE FUNCTION verify_links() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
SET work_mem = '256MB' AS $$
  WITH item AS (
    SELECT l.shard, l.seq, u.owner, u.instance, u.version, u.token, u.nth
      FROM link l CROSS JOIN LATERAL unnest(l.owners, l.instances, l.versions, l.tokens) WITH ORDINALITY
           AS u (owner, instance, version, token, nth)),
  found AS (
    SELECT i.shard, i.seq, i.nth, i.owner, i.instance, i.version, t.digest FROM item i
      LEFT JOIN transition t USING (owner, instance, version) WHERE i.token IS NULL
    UNION ALL
    SELECT i.shard, i.seq, i.nth, i.owner, i.instance, i.version, r.digest FROM item i
      LEFT JOIN refusal r USING (owner, instance, version, token) WHERE i.token IS NOT NULL),
  summed AS (SELECT shard, seq, string_agg(digest, '' ORDER BY nth) AS digests, count(*) AS n,
                    count(digest) AS present FROM found GROUP BY shard, seq),
  chain AS (SELECT l.*, row_number() OVER w AS nth, lag(l.hash, 1, '\x'::bytea) OVER w AS prev
              FROM link l WINDOW w AS (PARTITION BY l.shard ORDER BY l.seq))
  SELECT x.problem FROM (
    SELECT format('link (shard %s, seq %s): does not follow from the one before and its rows', c.shard,
                  c.seq) AS problem
      FROM chain c LEFT JOIN summed s USING (shard, seq)
     WHERE c.seq <> c.nth OR s.n IS DISTINCT FROM s.present
        OR c.hash <> link_hash(c.shard, c.seq, c.prev, (extract(epoch FROM c.wall_at) * 1000000)::bigint,
                               coalesce(s.digests, ''))
    UNION ALL
    SELECT format('shard %s: its head is not its last link', h.id) FROM shard h
      LEFT JOIN (SELECT DISTINCT ON (shard) * FROM link ORDER BY shard, seq DESC) AS l ON l.shard = h.id
     WHERE h.seq <> coalesce(l.seq, 0) OR h.head <> coalesce(l.hash, '\x')
    UNION ALL
    SELECT format('transition (owner %s, instance %s, version %s): is in %s links', t.owner, t.instance,
                  t.version, count(i.shard))
      FROM transition t LEFT JOIN item i ON i.owner = t.owner AND i.instance = t.instance
       AND i.version = t.version AND i.token IS NULL
     GROUP BY t.owner, t.instance, t.version HAVING count(i.shard) <> 1) AS x
  LIMIT 1;
$$;

-- How much there was to verify.
CREATE FUNCTION verify_counts(OUT transitions bigint, OUT postings bigint, OUT links bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS
$$ SELECT (SELECT count(*) FROM transition), (SELECT count(*) FROM posting), (SELECT count(*) FROM link) $$;

-- What two runs are compared by by: SHA-256 over the sorted lines of all postings; accounts by
-- path, never by id.
CREATE FUNCTION digest() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  SELECT encode(sha256(convert_to(coalesce(string_agg(l.line, '' ORDER BY l.line COLLATE "C"), ''), 'UTF8')),
                'hex') FROM (
    SELECT concat_ws('|', p.world_at, p.kind, d.path, c.path, s.code, p.amount, p.code) || E'\n' AS line
      FROM posting p JOIN account d ON d.owner = p.owner AND d.id = p.debit
      JOIN account c ON c.owner = p.owner AND c.id = p.credit
      JOIN asset s ON s.id = p.asset) AS l;
$$;
