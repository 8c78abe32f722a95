-- 0002: commit, the one function that moves instances and money. A call holds steps of one shard; each step is all or nothing and
-- gets an outcome of its own: committed | stale_version | lost_lease | stale_epoch | refused (with a reason).
--
-- Set-based over the whole call while every check holds; else a loop over single steps, without savepoints: all checks come before
-- the first write, so a refused step has written nothing. Lock order for every writer: advisory flags (sorted), instances, jobs,
-- accounts, holds, shard row last; each sorted by key.
--
-- Arrays: s_* one element per step (s_own: index of its own move, 0 when it has none); m_* moves (m_step: its step, ascending; version 0 = born here, then m_born = 1..n);
-- p_* postings; j_* jobs (j_move: index of the move whose instance they belong to).
SET search_path = ledger;

CREATE FUNCTION commit(
  p_shard int, p_epoch bigint,
  s_owner int[], s_job_instance bigint[], s_job_version bigint[], s_job_ordinal int[], s_token uuid[], s_fate text[],
  s_rearm bigint[], s_world bigint[], s_control bigint[], s_own int[],
  m_step int[], m_instance bigint[], m_born int[], m_kind text[], m_machine int[], m_version bigint[], m_from text[], m_to text[],
  m_event text[], m_command text[], m_parent bigint[], m_sleeve bigint[], m_final boolean[], m_data text[], m_jobs text[],
  p_step int[], p_leg int[], p_kind text[], p_debit bigint[], p_credit bigint[], p_asset int[], p_amount numeric[], p_code text[],
  p_hold_instance bigint[], p_hold_version bigint[], p_hold_leg int[],
  j_move int[], j_ordinal int[], j_command text[], j_event boolean[], j_world bigint[], j_token uuid[],
  OUT outcomes text[], OUT refusals text[], OUT ids bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  n        int := cardinality(s_owner);
  lo       int := 1;
  hi       int := n;
  births   boolean := 0 = ANY (m_version);
  posts    boolean := cardinality(p_step) > 0;
  holds    boolean := posts AND p_kind && ARRAY['hold', 'post', 'void'];
  finals   boolean := true = ANY (m_final);
  reserved numeric[];        -- per posting: what its hold reserved, 0 for single and hold
  good     int;
  wanted   int;
  reason   text;
  outcome  text;
  done_now timestamptz;
  l_owner int[] := '{}'; l_instance bigint[] := '{}'; l_version bigint[] := '{}'; l_token uuid[] := '{}'; l_digest bytea := '';
  a_owner int[]; a_instance bigint[]; a_version bigint[]; a_digest bytea;
BEGIN
  outcomes := array_fill('committed'::text, ARRAY[n]);
  refusals := array_fill(''::text, ARRAY[n]);
  ids := m_instance;
  IF cardinality(m_step) = 0 THEN            -- timers only: nothing that money depends on
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;

  -- Flags, then the epochs in a later statement, so that a switch that returned is seen.
  PERFORM pg_advisory_xact_lock_shared(7001, o) FROM (SELECT DISTINCT unnest(s_owner || 0) AS o ORDER BY 1) AS scope;
  IF births THEN
    SELECT array_agg(CASE WHEN m.version = 0 THEN nextval('instance_id') ELSE m.id END ORDER BY m.at) INTO ids
      FROM unnest(m_instance, m_version) WITH ORDINALITY AS m (id, version, at);
  END IF;
  IF posts THEN
    reserved := array_fill(0::numeric, ARRAY[cardinality(p_step)]);
  END IF;

  LOOP
    outcome := 'committed'; reason := '';

    -- Epochs: the broker that leased these jobs still owns the shard; no pause or freeze since the facts were read.
    SELECT count(*) INTO good
      FROM unnest(s_owner, s_control) WITH ORDINALITY AS s (owner, epoch, at)
      JOIN control c ON c.owner = s.owner
      JOIN control g ON g.owner = 0
     WHERE s.at BETWEEN lo AND hi AND s.epoch = c.epoch + g.epoch;
    IF good <> hi - lo + 1 OR NOT EXISTS (SELECT FROM shard WHERE id = p_shard AND epoch = p_epoch) THEN
      outcome := 'stale_epoch';
    END IF;

    -- Instances: locked, and still where the step left from.
    IF cardinality(m_step) > 0 THEN
      SELECT count(*) FILTER (WHERE x.ok), count(*) FILTER (WHERE x.ok IS NOT NULL) INTO good, wanted FROM (
        SELECT i.version = m.version AND i.state = m.from_state AND i.kind = m.kind AND NOT i.is_final AS ok
          FROM unnest(m_step, ids, m_version, m_from, m_kind) AS m (step, id, version, from_state, kind)
          JOIN instance i ON i.owner = s_owner[m.step] AND i.id = m.id
         WHERE m.step BETWEEN lo AND hi AND m.version > 0
         ORDER BY i.owner, i.id FOR NO KEY UPDATE OF i) AS x;
      SELECT count(*) INTO wanted FROM unnest(m_step, m_version) AS m (step, version) WHERE m.step BETWEEN lo AND hi AND m.version > 0;
      IF good <> wanted OR (lo < hi AND wanted > 1 AND
          (SELECT count(DISTINCT (s_owner[m.step], m.id)) FROM unnest(m_step, ids, m_version) AS m (step, id, version) WHERE m.version > 0) < wanted) THEN
        IF lo = hi AND ledger.same_content(s_owner[lo], s_world[lo], lo, s_own[lo], m_step, m_instance, m_born, m_kind, m_machine, m_version, m_from,
             m_to, m_event, m_command, m_data, m_jobs, p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code,
             p_hold_instance, p_hold_version, p_hold_leg) THEN
          SELECT array_agg(CASE WHEN m.step = lo AND m.version = 0 THEN i.id ELSE m.id END ORDER BY m.at) INTO ids
            FROM unnest(m_step, ids, m_version, m_born) WITH ORDINALITY AS m (step, id, version, born, at)
            LEFT JOIN instance i ON i.owner = s_owner[lo] AND i.born_of = m_instance[s_own[lo]]
                                AND i.born_version = m_version[s_own[lo]] + 1 AND i.born_ordinal = m.born;
          outcome := 'already';
        ELSIF outcome = 'committed' THEN
          outcome := 'stale_version';
        END IF;
      END IF;
    END IF;

    -- Jobs: each lease token still stands. A lost lease is told before a stale version.
    IF outcome IN ('committed', 'stale_version') THEN
      SELECT count(*) INTO good FROM (
        SELECT FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal, s_token) WITH ORDINALITY AS s (owner, instance, version, ordinal, token, at)
          JOIN job j ON j.owner = s.owner AND j.instance = s.instance AND j.version = s.version AND j.ordinal = s.ordinal AND j.token = s.token
         WHERE s.at BETWEEN lo AND hi AND s.instance > 0
         ORDER BY j.owner, j.instance, j.version, j.ordinal FOR UPDATE OF j) AS x;
      SELECT count(*) INTO wanted FROM generate_series(lo, hi) AS s WHERE s_job_instance[s] > 0;
      IF good <> wanted THEN
        outcome := 'lost_lease';
      ELSIF outcome = 'stale_version' AND lo = hi AND s_own[lo] > 0 AND EXISTS (
          SELECT FROM transition t WHERE t.owner = s_owner[lo] AND t.instance = ids[s_own[lo]] AND t.version = m_version[s_own[lo]] + 1) THEN
        outcome := 'refused'; reason := 'conflict';
      END IF;
    END IF;

    -- Accounts, then holds: locked; what each step would leave must be within the limits, whatever its neighbours bring.
    IF posts AND outcome = 'committed' THEN
      IF holds THEN
        PERFORM 1 FROM account a
         WHERE (a.owner, a.id) IN (SELECT s_owner[p.step], unnest(ARRAY[p.debit, p.credit]) FROM unnest(p_step, p_debit, p_credit) AS p (step, debit, credit)
                                    WHERE p.step BETWEEN lo AND hi)
         ORDER BY a.owner, a.id FOR NO KEY UPDATE;
        SELECT min(x.wrong), array_agg(x.reserved ORDER BY x.at) INTO reason, reserved FROM (
          SELECT p.at, coalesce(h.reserved, 0) AS reserved,
                 CASE WHEN p.step NOT BETWEEN lo AND hi OR p.kind NOT IN ('post', 'void') THEN NULL
                      WHEN h.owner IS NULL OR h.debit <> p.debit OR h.credit <> p.credit OR h.asset <> p.asset THEN 'hold_unknown'
                      WHEN h.resolved_by <> 0 THEN 'hold_resolved'
                      WHEN p.amount > h.reserved THEN 'hold_exceeded'
                      WHEN count(*) OVER (PARTITION BY p.inside, s_owner[p.step], p.hi, p.hv, p.hl) > 1 THEN 'hold_resolved' END AS wrong
            FROM (SELECT q.*, q.step BETWEEN lo AND hi AS inside
                    FROM unnest(p_step, p_kind, p_debit, p_credit, p_asset, p_amount, p_hold_instance, p_hold_version, p_hold_leg)
                         WITH ORDINALITY AS q (step, kind, debit, credit, asset, amount, hi, hv, hl, at)) AS p
            LEFT JOIN (SELECT * FROM hold k WHERE (k.owner, k.instance, k.version, k.leg) IN (
                         SELECT s_owner[r.step], r.hi, r.hv, r.hl FROM unnest(p_step, p_hold_instance, p_hold_version, p_hold_leg) AS r (step, hi, hv, hl) WHERE r.hi <> 0)
                        ORDER BY k.owner, k.instance, k.version, k.leg FOR UPDATE OF k) AS h
                   ON h.owner = s_owner[p.step] AND h.instance = p.hi AND h.version = p.hv AND h.leg = p.hl) AS x;
      END IF;
      IF reason IS NULL OR reason = '' THEN
        SELECT min(x.wrong), count(*) INTO reason, good FROM (
          SELECT CASE WHEN d.bad_amount THEN 'bad_amount'
                      WHEN d.asset_lo <> a.asset OR d.asset_hi <> a.asset THEN 'asset_mismatch'
                      WHEN a.limited AND a.credits_posted - a.debits_posted - a.debits_pending + d.worst < 0 THEN 'insufficient_funds' END AS wrong
            FROM (SELECT e.owner, e.account, sum(least(e.net, 0)) AS worst, min(e.asset_lo) AS asset_lo, max(e.asset_hi) AS asset_hi, bool_or(e.bad_amount) AS bad_amount
                    FROM (SELECT s_owner[p.step] AS owner, leg.account, p.step, sum(leg.net) AS net, min(p.asset) AS asset_lo, max(p.asset) AS asset_hi,
                                 bool_or(p.amount <> trunc(p.amount) OR p.amount >= 1e38 OR p.amount < 0 OR (p.amount = 0 AND p.kind <> 'void') OR p.debit = p.credit) AS bad_amount
                            FROM unnest(p_step, p_kind, p_debit, p_credit, p_asset, p_amount, reserved) AS p (step, kind, debit, credit, asset, amount, reserved)
                           CROSS JOIN LATERAL (VALUES (p.debit, CASE p.kind WHEN 'post' THEN p.reserved - p.amount WHEN 'void' THEN p.reserved ELSE -p.amount END),
                                                      (p.credit, CASE WHEN p.kind IN ('single', 'post') THEN p.amount ELSE 0 END)) AS leg (account, net)
                           WHERE p.step BETWEEN lo AND hi
                           GROUP BY 1, 2, 3) AS e
                   GROUP BY 1, 2) AS d
            JOIN account a ON a.owner = d.owner AND a.id = d.account
           ORDER BY a.owner, a.id FOR NO KEY UPDATE OF a) AS x;
        IF reason IS NULL THEN
          SELECT count(DISTINCT (s_owner[p.step], leg.account)) INTO wanted
            FROM unnest(p_step, p_debit, p_credit) AS p (step, debit, credit) CROSS JOIN LATERAL (VALUES (p.debit), (p.credit)) AS leg (account)
           WHERE p.step BETWEEN lo AND hi;
          IF good <> wanted THEN reason := 'unknown_account'; END IF;
        END IF;
      END IF;
      IF reason <> '' THEN
        outcome := 'refused';
      END IF;
    END IF;

    IF outcome <> 'committed' THEN
      IF lo < hi THEN                          -- somebody in the batch fails: nothing is written yet; lock all in order, then one by one
        PERFORM 1 FROM job j
         WHERE (j.owner, j.instance, j.version, j.ordinal) IN (SELECT * FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal))
         ORDER BY j.owner, j.instance, j.version, j.ordinal FOR UPDATE;
        PERFORM 1 FROM account a
         WHERE (a.owner, a.id) IN (SELECT s_owner[p.step], unnest(ARRAY[p.debit, p.credit]) FROM unnest(p_step, p_debit, p_credit) AS p (step, debit, credit))
         ORDER BY a.owner, a.id FOR NO KEY UPDATE;
        hi := lo;
        CONTINUE;
      END IF;
      outcomes[lo] := CASE outcome WHEN 'already' THEN 'committed' ELSE outcome END;
      IF outcome = 'refused' THEN
        refusals[lo] := reason;
        IF s_own[lo] > 0 AND m_version[s_own[lo]] > 0 THEN
          INSERT INTO refusal (owner, instance, version, token, reason, digest)
          SELECT s_owner[lo], ids[s_own[lo]], m_version[s_own[lo]] + 1, s_token[lo], reason,
                 refusal_digest(s_owner[lo], ids[s_own[lo]], m_version[s_own[lo]] + 1, s_token[lo], reason)
          ON CONFLICT DO NOTHING RETURNING digest INTO a_digest;
          IF FOUND THEN
            l_owner := l_owner || s_owner[lo]; l_instance := l_instance || ids[s_own[lo]];
            l_version := l_version || (m_version[s_own[lo]] + 1); l_token := l_token || s_token[lo]; l_digest := l_digest || a_digest;
          END IF;
        END IF;
      END IF;
    ELSE
      -- From here on nothing fails. Moves and births.
      IF cardinality(m_step) > 0 THEN
        WITH posted AS (
          SELECT p.step, string_agg(posting_bytes(p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code, p.hi, p.hv, p.hl), '' ORDER BY p.leg) AS bytes
            FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code, p_hold_instance, p_hold_version, p_hold_leg)
                 AS p (step, leg, kind, debit, credit, asset, amount, code, hi, hv, hl)
           WHERE p.step BETWEEN lo AND hi GROUP BY p.step),
        added AS (
          INSERT INTO transition (owner, instance, version, step_instance, step_version, kind, machine_version, from_state, to_state, event,
                                  command, world_at, data, jobs, digest)
          SELECT s_owner[m.step], m.id, m.version + 1, ids[s_own[m.step]], m_version[s_own[m.step]] + 1, m.kind, m.machine, m.from_state, m.to_state,
                 m.event, m.command, s_world[m.step], m.data, m.jobs,
                 transition_digest(s_owner[m.step], m.id, m.version + 1, ids[s_own[m.step]], m_version[s_own[m.step]] + 1, m.kind, m.machine,
                                   m.from_state, m.to_state, m.event, m.command, s_world[m.step], m.data, m.jobs,
                                   CASE WHEN s_own[m.step] = m.at THEN coalesce(posted.bytes, '') ELSE '' END)
            FROM unnest(m_step, ids, m_kind, m_machine, m_version, m_from, m_to, m_event, m_command, m_data, m_jobs)
                 WITH ORDINALITY AS m (step, id, kind, machine, version, from_state, to_state, event, command, data, jobs, at)
            LEFT JOIN posted ON posted.step = m.step
           WHERE m.step BETWEEN lo AND hi
          RETURNING owner, instance, version, digest)
        SELECT array_agg(x.owner), array_agg(x.instance), array_agg(x.version), string_agg(x.digest, '') INTO a_owner, a_instance, a_version, a_digest
          FROM (SELECT * FROM added ORDER BY owner, instance, version) AS x;
        l_owner := l_owner || a_owner; l_instance := l_instance || a_instance; l_version := l_version || a_version;
        l_token := l_token || array_fill(NULL::uuid, ARRAY[cardinality(a_owner)]); l_digest := l_digest || a_digest;

        UPDATE instance i SET state = m.to_state, version = m.version + 1, is_final = m.final, data = m.data
          FROM unnest(m_step, ids, m_version, m_to, m_final, m_data) AS m (step, id, version, to_state, final, data)
         WHERE m.step BETWEEN lo AND hi AND m.version > 0 AND i.owner = s_owner[m.step] AND i.id = m.id;
        IF births THEN
          INSERT INTO instance (owner, id, kind, machine_version, state, version, is_final, parent, sleeve, born_of, born_version, born_ordinal, data)
          SELECT s_owner[m.step], m.id, m.kind, m.machine, m.to_state, 1, m.final, m.parent, m.sleeve,
                 CASE WHEN s_own[m.step] = m.at THEN 0 ELSE ids[s_own[m.step]] END, m_version[s_own[m.step]] + 1, m.born, m.data
            FROM unnest(m_step, ids, m_born, m_kind, m_machine, m_version, m_to, m_parent, m_sleeve, m_final, m_data)
                 WITH ORDINALITY AS m (step, id, born, kind, machine, version, to_state, parent, sleeve, final, data, at)
           WHERE m.step BETWEEN lo AND hi AND m.version = 0;
        END IF;
      END IF;

      -- Jobs: what becomes of the answered ones, then the new ones.
      DELETE FROM job j USING unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal, s_fate) WITH ORDINALITY AS s (owner, instance, version, ordinal, fate, at)
       WHERE s.at BETWEEN lo AND hi AND s.fate = 'done' AND j.owner = s.owner AND j.instance = s.instance AND j.version = s.version AND j.ordinal = s.ordinal;
      IF 'rearmed' = ANY (s_fate) THEN
        UPDATE job j SET token = NULL, broker = NULL, world_at = s.rearm, run_at = '-infinity', attempt = 0, tries = 0, last_error = NULL
          FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal, s_fate, s_rearm) WITH ORDINALITY AS s (owner, instance, version, ordinal, fate, rearm, at)
         WHERE s.at BETWEEN lo AND hi AND s.fate = 'rearmed' AND j.owner = s.owner AND j.instance = s.instance AND j.version = s.version AND j.ordinal = s.ordinal;
      END IF;
      IF finals THEN
        DELETE FROM job j USING unnest(m_step, ids, m_final) AS m (step, id, final)
         WHERE m.step BETWEEN lo AND hi AND m.final AND j.owner = s_owner[m.step] AND j.instance = m.id;
      END IF;
      IF cardinality(j_move) > 0 THEN
        INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at, attempt, token)
        SELECT s_owner[m_step[j.move]], ids[j.move], m_version[j.move] + 1, j.ordinal, p_shard, m_kind[j.move], j.command, j.event, j.world,
               CASE WHEN j.token IS NULL THEN 0 ELSE 1 END, j.token
          FROM unnest(j_move, j_ordinal, j_command, j_event, j_world, j_token) AS j (move, ordinal, command, event, world, token)
         WHERE m_step[j.move] BETWEEN lo AND hi;
      END IF;

      -- Money: postings, accounts (each once), entries with the running counters.
      IF posts THEN
        INSERT INTO posting (owner, instance, version, leg, kind, debit, credit, asset, amount, code, hold_instance, hold_version, hold_leg, world_at)
        SELECT s_owner[p.step], ids[s_own[p.step]], m_version[s_own[p.step]] + 1, p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code,
               p.hi, p.hv, p.hl, s_world[p.step]
          FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code, p_hold_instance, p_hold_version, p_hold_leg)
               AS p (step, leg, kind, debit, credit, asset, amount, code, hi, hv, hl)
         WHERE p.step BETWEEN lo AND hi;
        WITH leg AS MATERIALIZED (
          SELECT s_owner[p.step] AS owner, v.account, p.step, p.leg, v.side, v.dp, v.dd, v.cp, v.cc
            FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_amount, reserved) AS p (step, leg, kind, debit, credit, amount, reserved)
           CROSS JOIN LATERAL (VALUES
             (p.debit, 0, CASE p.kind WHEN 'hold' THEN p.amount ELSE -p.reserved END, CASE p.kind WHEN 'hold' THEN 0 ELSE p.amount END, 0, 0),
             (p.credit, 1, 0, 0, CASE p.kind WHEN 'hold' THEN p.amount ELSE -p.reserved END, CASE p.kind WHEN 'hold' THEN 0 ELSE p.amount END)
             ) AS v (account, side, dp, dd, cp, cc)
           WHERE p.step BETWEEN lo AND hi),
        moved AS (
          UPDATE account a SET debits_pending = a.debits_pending + t.dp, debits_posted = a.debits_posted + t.dd,
                               credits_pending = a.credits_pending + t.cp, credits_posted = a.credits_posted + t.cc, version = a.version + t.n
            FROM (SELECT owner, account, sum(dp) AS dp, sum(dd) AS dd, sum(cp) AS cp, sum(cc) AS cc, count(*) AS n FROM leg GROUP BY 1, 2) AS t
           WHERE a.owner = t.owner AND a.id = t.account
          RETURNING a.owner, a.id, a.version - t.n AS version, a.debits_pending - t.dp AS dp, a.debits_posted - t.dd AS dd,
                    a.credits_pending - t.cp AS cp, a.credits_posted - t.cc AS cc)
        INSERT INTO entry (owner, account, version, instance, step_version, leg, side, debits_pending, debits_posted, credits_pending, credits_posted)
        SELECT l.owner, l.account, b.version + row_number() OVER w, ids[s_own[l.step]], m_version[s_own[l.step]] + 1, l.leg, l.side,
               b.dp + sum(l.dp) OVER w, b.dd + sum(l.dd) OVER w, b.cp + sum(l.cp) OVER w, b.cc + sum(l.cc) OVER w
          FROM leg l JOIN moved b ON b.owner = l.owner AND b.id = l.account
        WINDOW w AS (PARTITION BY l.owner, l.account ORDER BY l.step, l.leg, l.side ROWS UNBOUNDED PRECEDING);
        IF holds THEN
          UPDATE hold h SET resolved_by = ids[s_own[p.step]], resolved_version = m_version[s_own[p.step]] + 1
            FROM unnest(p_step, p_hold_instance, p_hold_version, p_hold_leg) AS p (step, hi, hv, hl)
           WHERE p.step BETWEEN lo AND hi AND p.hi <> 0 AND h.owner = s_owner[p.step] AND h.instance = p.hi AND h.version = p.hv AND h.leg = p.hl;
          INSERT INTO hold (owner, instance, version, leg, debit, credit, asset, reserved)
          SELECT s_owner[p.step], ids[s_own[p.step]], m_version[s_own[p.step]] + 1, p.leg, p.debit, p.credit, p.asset, p.amount
            FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount) AS p (step, leg, kind, debit, credit, asset, amount)
           WHERE p.step BETWEEN lo AND hi AND p.kind = 'hold';
        END IF;
      END IF;
    END IF;
    EXIT WHEN hi = n;
    lo := hi + 1;
    hi := lo;
  END LOOP;

  -- One link for the call. The shard row last: a broker that lost the shard meanwhile takes the whole call down.
  IF cardinality(l_owner) > 0 THEN
    done_now := clock_timestamp();
    WITH head AS (
      UPDATE shard SET seq = seq + 1, head = link_hash(p_shard, seq + 1, head, done_now, l_digest)
       WHERE id = p_shard AND epoch = p_epoch RETURNING seq, head)
    INSERT INTO link (shard, seq, owners, instances, versions, tokens, wall_at, hash)
    SELECT p_shard, head.seq, l_owner, l_instance, l_version, l_token, done_now, head.head FROM head;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'shard % is no longer at epoch %', p_shard, p_epoch USING ERRCODE = 'BU001';
    END IF;
  END IF;
END $$;

-- Whether the step's own version stands already with exactly this content: every move and every posting of it. A slow path.
CREATE FUNCTION same_content(
  p_owner int, p_world bigint, p_at int, p_own int,
  m_step int[], m_instance bigint[], m_born int[], m_kind text[], m_machine int[], m_version bigint[], m_from text[], m_to text[],
  m_event text[], m_command text[], m_data text[], m_jobs text[],
  p_step int[], p_leg int[], p_kind text[], p_debit bigint[], p_credit bigint[], p_asset int[], p_amount numeric[], p_code text[],
  p_hold_instance bigint[], p_hold_version bigint[], p_hold_leg int[])
RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  WITH posted AS (
    SELECT coalesce(string_agg(posting_bytes(p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code, p.hi, p.hv, p.hl), '' ORDER BY p.leg), '') AS bytes
      FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code, p_hold_instance, p_hold_version, p_hold_leg)
           AS p (step, leg, kind, debit, credit, asset, amount, code, hi, hv, hl)
     WHERE p.step = p_at),
  asked AS (
    SELECT m.*
      FROM unnest(m_step, m_instance, m_born, m_kind, m_machine, m_version, m_from, m_to, m_event, m_command, m_data, m_jobs)
           WITH ORDINALITY AS m (step, id0, born, kind, machine, version, from_state, to_state, event, command, data, jobs, at)
     WHERE m.step = p_at)
  SELECT p_own > 0 AND m_version[p_own] > 0 AND count(*) > 0
         AND count(*) = (SELECT count(*) FROM transition s WHERE s.owner = p_owner AND s.instance = m_instance[p_own] AND s.version = m_version[p_own] + 1)
                        + count(*) FILTER (WHERE a.at <> p_own)
         AND bool_and(t.digest IS NOT DISTINCT FROM transition_digest(p_owner, t.instance, a.version + 1, m_instance[p_own], m_version[p_own] + 1, a.kind,
               a.machine, a.from_state, a.to_state, a.event, a.command, p_world, a.data, a.jobs, CASE WHEN a.at = p_own THEN posted.bytes ELSE '' END))
    FROM asked a CROSS JOIN posted
    LEFT JOIN transition t ON t.owner = p_owner AND t.instance = coalesce((SELECT i.id FROM instance i WHERE a.version = 0 AND i.owner = p_owner
           AND i.born_of = m_instance[p_own] AND i.born_version = m_version[p_own] + 1 AND i.born_ordinal = a.born), a.id0) AND t.version = a.version + 1;
$$;
