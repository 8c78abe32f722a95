-- commit.sql: the one function that moves instances and money. A call holds steps of one shard; each step
-- is all or nothing and gets an outcome of its own: committed | stale_version | lost_lease | stale_epoch |
-- refused (with a reason).
--
-- p_checked = false: set-based over the whole call, the checks fused into the writes; where any step does
-- not fit, the call raises BU002 or BU003 (or a constraint does) and nothing of it stands: the caller calls
-- again with p_checked = true. Then one step after the other, without savepoints: all checks of a step come
-- before its first write, so a refused step has written nothing and sinks nobody.
--
-- Lock order for every writer: advisory flags (sorted), instances, jobs, accounts, holds, shard row last;
-- each sorted by key (nested loops over sorted keys, so no other join is allowed here). An instance is
-- changed before its transition is inserted: the other way round two calls for one instance could wait for
-- each other. A call that does different things to its jobs (ends some, re-arms some, keeps some, clears
-- those of instances that end) locks all of them first, in key order.
--
-- Key look-ups by shape, here and in all that a commit runs. The plan of a statement stays for a
-- connection until its tables are analyzed: one made while they were small read all of an owner's
-- accounts, holds or instances for each leg once they were large (a call of 100 steps with holds: 38 s
-- over 100,000 accounts). Costs can't be trusted then, so no other plan is left: a row that is only read
-- or locked comes from a LATERAL of its own (OFFSET 0 and FOR UPDATE keep it one), and a row to be changed
-- is named by `= ANY (ARRAY[x])`, which an index looks up but which gives no order that a scan of the
-- whole index could be good for.
--
-- Arrays: s_* one element per step (s_own: index of its own move, 0 when it has none); m_* moves (m_step:
-- its step, ascending; version 0 = born here, then m_born = 1..n); p_* postings; j_* jobs (j_move: index
-- of the move whose instance they belong to).
--
-- In sections, of a screen each: 1 flags and locks; for each round (all steps, or one) 2 whether it fits,
-- 3 what is refused, 4 moves (a lone one; any), 5 jobs, 6 money (holds; one posting; any); 7 the link
-- of the chain.
SET search_path = ledger;

CREATE FUNCTION commit(
  p_checked boolean, p_shard int, p_epoch bigint,
  s_owner int[], s_job_instance bigint[], s_job_version bigint[], s_job_ordinal int[], s_token uuid[],
  s_fate text[], s_rearm bigint[], s_world bigint[], s_control bigint[], s_own int[],
  m_step int[], m_instance bigint[], m_born int[], m_kind text[], m_machine int[], m_version bigint[],
  m_from text[], m_to text[], m_event text[], m_command text[], m_parent bigint[], m_sleeve bigint[],
  m_final boolean[], m_data text[], m_jobs text[],
  p_step int[], p_leg int[], p_kind text[], p_debit bigint[], p_credit bigint[], p_asset int[],
  p_amount numeric[], p_code text[], p_hold_instance bigint[], p_hold_version bigint[], p_hold_leg int[],
  j_move int[], j_ordinal int[], j_command text[], j_event boolean[], j_world bigint[], j_token uuid[],
  OUT outcomes text[], OUT refusals text[], OUT ids bigint[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  n        int := cardinality(s_owner);
  lo       int := 1;
  hi       int := CASE WHEN p_checked THEN 1 ELSE n END;
  moves    boolean := cardinality(m_step) > 0;
  -- a step that comes alone takes small statements: setting large ones up costs more than running them
  lone     boolean := NOT p_checked AND n = 1;
  births   boolean := 0 = ANY (m_version);
  posts    boolean := cardinality(p_step) > 0;
  holds    boolean := posts AND p_kind && ARRAY['hold', 'post', 'void'];
  finals   boolean := true = ANY (m_final);
  reserved numeric[];        -- per posting: what its hold reserved, 0 for single and hold
  good     bigint;
  wanted   bigint;
  risky    boolean;
  frozen   boolean;          -- a freeze of everything holds for an owner here: nothing may leave
  own      int;              -- of a single posting: its step's own move, and what it adds to the counters
  pending  numeric;
  settled  numeric;
  reason   text;
  outcome  text;
  lock     text;
  lease    uuid;
  done_us  bigint;
  done_at  timestamptz;
  l_owner int[]; l_instance bigint[]; l_version bigint[]; l_token uuid[]; l_digest bytea;
  a_owner int[]; a_instance bigint[]; a_version bigint[]; a_digest bytea;
BEGIN
  outcomes := array_fill('committed'::text, ARRAY[n]);
  refusals := array_fill(''::text, ARRAY[n]);
  ids := m_instance;
  IF NOT moves THEN                          -- timers only: nothing that money depends on
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;

  -- ======== 1. Flags, then the epochs in a later statement, so that a switch that returned is seen; and
  -- locks.
  lock := pg_advisory_xact_lock_shared(7001, 0);
  IF n = 1 THEN
    lock := pg_advisory_xact_lock_shared(7001, s_owner[1]);
  ELSE
    PERFORM pg_advisory_xact_lock_shared(7001, o)
      FROM (SELECT DISTINCT unnest(s_owner) AS o ORDER BY 1) AS scope;
  END IF;
  IF births THEN
    SELECT array_agg(CASE WHEN m.version = 0 THEN nextval('instance_id') ELSE m.id END ORDER BY m.at) INTO ids
      FROM unnest(m_instance, m_version) WITH ORDINALITY AS m (id, version, at);
  END IF;
  IF p_checked THEN
    PERFORM lock_all(s_owner, s_job_instance, s_job_version, s_job_ordinal, m_step, ids, m_final, p_step,
                     p_debit, p_credit, p_hold_instance, p_hold_version, p_hold_leg);
  END IF;

  LOOP
    outcome := 'committed'; reason := '';

    -- ======== 2. Whether it fits.

    -- Epochs: the broker that leased these jobs still owns the shard; no pause or freeze since the
    -- facts were read.
    IF lone THEN
      SELECT count(*), bool_or(g.frozen = 'all' OR c.frozen = 'all') INTO good, frozen
        FROM shard h, control g, control c
       WHERE h.id = p_shard AND h.epoch = p_epoch AND g.owner = 0 AND c.owner = s_owner[1]
         AND s_control[1] = c.epoch + g.epoch;
    ELSE
      SELECT count(*), bool_or(g.frozen = 'all' OR c.frozen = 'all') INTO good, frozen
        FROM shard h, control g, unnest(s_owner, s_control) WITH ORDINALITY AS s (owner, epoch, at)
        JOIN control c ON c.owner = s.owner
       WHERE h.id = p_shard AND h.epoch = p_epoch AND g.owner = 0 AND s.at BETWEEN lo AND hi
         AND s.epoch = c.epoch + g.epoch;
    END IF;
    IF good <> hi - lo + 1 THEN
      outcome := 'stale_epoch';
    END IF;
    IF p_checked THEN
      IF s_own[lo] > 0
         AND ledger.same_content(s_owner[lo], s_world[lo], lo, s_own[lo], m_step, m_instance, m_born, m_kind,
                                 m_machine, m_version, m_from, m_to, m_event, m_command, m_data, m_jobs,
                                 p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code,
                                 p_hold_instance, p_hold_version, p_hold_leg) THEN
        SELECT array_agg(CASE WHEN m.step = lo AND m.version = 0 THEN i.id ELSE m.id END ORDER BY m.at)
          INTO ids
          FROM unnest(m_step, ids, m_version, m_born) WITH ORDINALITY AS m (step, id, version, born, at)
          LEFT JOIN instance i ON i.owner = s_owner[lo] AND i.born_of = m_instance[s_own[lo]]
                AND i.born_of <> 0 AND i.born_version = m_version[s_own[lo]] + 1 AND i.born_ordinal = m.born;
        outcome := 'already';
      ELSIF outcome = 'committed' THEN
        SELECT c.outcome, c.reason, c.reserved INTO outcome, reason, reserved
          FROM check_step(lo, s_owner[lo], s_job_instance[lo], s_job_version[lo], s_job_ordinal[lo],
                          s_token[lo], s_own[lo], m_step, ids, m_kind, m_version, m_from, p_step, p_kind,
                          p_debit, p_credit, p_asset, p_amount, p_hold_instance, p_hold_version,
                          p_hold_leg) AS c;
        IF outcome = 'committed' AND frozen AND sends(lo, lo, s_owner, m_step, m_kind, m_event) THEN
          outcome := 'refused'; reason := 'frozen';
        END IF;
      END IF;
    ELSIF outcome <> 'committed' THEN
      RAISE EXCEPTION 'a step does not fit: epoch' USING ERRCODE = 'BU003';
    ELSIF frozen AND sends(lo, hi, s_owner, m_step, m_kind, m_event) THEN
      RAISE EXCEPTION 'a step does not fit: frozen' USING ERRCODE = 'BU002';
    END IF;

    -- ======== 3. What is refused is on record, under the lease that asked.
    IF outcome <> 'committed' THEN
      outcomes[lo] := CASE outcome WHEN 'already' THEN 'committed' ELSE outcome END;
      refusals[lo] := CASE outcome WHEN 'refused' THEN reason ELSE '' END;
      IF outcome = 'refused' AND s_own[lo] > 0 AND m_version[s_own[lo]] > 0 THEN
        -- a step that answers no job has none
        lease := coalesce(s_token[lo], '00000000-0000-0000-0000-000000000000');
        INSERT INTO refusal (owner, instance, version, token, reason, digest)
        SELECT s_owner[lo], ids[s_own[lo]], m_version[s_own[lo]] + 1, lease, reason,
               refusal_digest(s_owner[lo], ids[s_own[lo]], m_version[s_own[lo]] + 1, lease, reason)
        ON CONFLICT DO NOTHING RETURNING digest INTO a_digest;
        IF FOUND THEN
          l_owner := l_owner || s_owner[lo]; l_instance := l_instance || ids[s_own[lo]];
          l_version := l_version || (m_version[s_own[lo]] + 1); l_token := l_token || lease;
          l_digest := coalesce(l_digest, '') || a_digest;
        END IF;
      END IF;
    ELSE
      -- ======== 4a. Moves and births, each with its transition: a move that comes alone.
      IF lone AND cardinality(m_step) = 1 AND NOT births AND s_own[1] = 1 THEN
        UPDATE instance i SET state = m_to[1], version = i.version + 1, is_final = m_final[1],
               data = m_data[1]
         WHERE i.owner = s_owner[1] AND i.id = ids[1] AND i.version = m_version[1] AND i.state = m_from[1]
           AND i.kind = m_kind[1] AND NOT i.is_final;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'a step does not fit: instance' USING ERRCODE = 'BU002';
        END IF;
        IF cardinality(p_step) = 1 THEN
          a_digest := posting_bytes(p_leg[1], p_kind[1], p_debit[1], p_credit[1], p_asset[1], p_amount[1],
                                    p_code[1], p_hold_instance[1], p_hold_version[1], p_hold_leg[1]);
        ELSIF posts THEN
          SELECT string_agg(posting_bytes(p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code,
                                          p.h_instance, p.h_version, p.h_leg), '' ORDER BY p.leg)
            INTO a_digest
            FROM unnest(p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code, p_hold_instance,
                        p_hold_version, p_hold_leg)
                 AS p (leg, kind, debit, credit, asset, amount, code, h_instance, h_version, h_leg);
        END IF;
        l_digest := transition_digest(s_owner[1], ids[1], m_version[1] + 1, ids[1], m_version[1] + 1,
                                      m_kind[1], m_machine[1], m_from[1], m_to[1], m_event[1], m_command[1],
                                      s_world[1], m_data[1], m_jobs[1], coalesce(a_digest, ''));
        INSERT INTO transition (owner, instance, version, step_instance, step_version, kind, machine_version,
                                from_state, to_state, event, command, world_at, data, jobs, digest)
        VALUES (s_owner[1], ids[1], m_version[1] + 1, ids[1], m_version[1] + 1, m_kind[1], m_machine[1],
                m_from[1], m_to[1], m_event[1], m_command[1], s_world[1], m_data[1], m_jobs[1], l_digest);
        l_owner := s_owner; l_instance := ids; l_version := ARRAY[m_version[1] + 1];
        l_token := ARRAY[NULL::uuid];

      -- ======== 4b. Any moves.
      ELSIF moves THEN
        WITH move AS MATERIALIZED (
          SELECT s_owner[m.step] AS owner, s_world[m.step] AS world_at, ids[s_own[m.step]] AS step_instance,
                 m_version[s_own[m.step]] + 1 AS step_version, m.*, s_own[m.step] = m.at AS is_own
            FROM unnest(m_step, ids, m_kind, m_machine, m_version, m_from, m_to, m_event, m_command, m_final,
                        m_data, m_jobs)
                 WITH ORDINALITY AS m (step, id, kind, machine, version, from_state, to_state, event, command,
                                       final, data, jobs, at)
           WHERE m.step BETWEEN lo AND hi ORDER BY 1, m.id),
        changed AS (
          UPDATE instance i SET state = m.to_state, version = m.version + 1, is_final = m.final, data = m.data
            FROM move m
           WHERE i.owner = ANY (ARRAY[m.owner]) AND i.id = m.id AND i.version = m.version
             AND i.state = m.from_state AND i.kind = m.kind AND i.is_final IS NOT TRUE
          RETURNING 1),
        posted AS MATERIALIZED (
          SELECT p.step, string_agg(posting_bytes(p.leg, p.kind, p.debit, p.credit, p.asset, p.amount, p.code,
                                                  p.h_instance, p.h_version, p.h_leg),
                                    '' ORDER BY p.leg) AS bytes
            FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code, p_hold_instance,
                        p_hold_version, p_hold_leg)
                 AS p (step, leg, kind, debit, credit, asset, amount, code, h_instance, h_version, h_leg)
           WHERE p.step BETWEEN lo AND hi GROUP BY p.step),
        added AS (
          INSERT INTO transition (owner, instance, version, step_instance, step_version, kind,
                                  machine_version, from_state, to_state, event, command, world_at, data, jobs,
                                  digest)
          SELECT m.owner, m.id, m.version + 1, m.step_instance, m.step_version, m.kind, m.machine,
                 m.from_state, m.to_state, m.event, m.command, m.world_at, m.data, m.jobs,
                 transition_digest(m.owner, m.id, m.version + 1, m.step_instance, m.step_version, m.kind,
                                   m.machine, m.from_state, m.to_state, m.event, m.command, m.world_at,
                                   m.data, m.jobs,
                                   CASE WHEN m.is_own THEN coalesce(posted.bytes, '') ELSE '' END)
            -- After the instances are locked: a transition that is inserted first waits for a
            -- rival's, who waits for the instance.
            FROM (SELECT count(*) FROM changed) AS locked CROSS JOIN move m
            LEFT JOIN posted ON posted.step = m.step
          RETURNING owner, instance, version, digest)
        SELECT (SELECT count(*) FROM changed), array_agg(x.owner), array_agg(x.instance),
               array_agg(x.version), string_agg(x.digest, '')
          INTO good, a_owner, a_instance, a_version, a_digest
          FROM (SELECT * FROM added ORDER BY owner, instance, version) AS x;
        l_owner := l_owner || a_owner; l_instance := l_instance || a_instance;
        l_version := l_version || a_version;
        l_token := l_token || array_fill(NULL::uuid, ARRAY[coalesce(cardinality(a_owner), 0)]);
        l_digest := coalesce(l_digest, '') || coalesce(a_digest, '');
        IF births THEN
          INSERT INTO instance (owner, id, kind, machine_version, state, version, is_final, parent, sleeve,
                                born_of, born_version, born_ordinal, data)
          SELECT s_owner[m.step], m.id, m.kind, m.machine, m.to_state, 1, m.final, m.parent, m.sleeve,
                 CASE WHEN s_own[m.step] = m.at THEN 0 ELSE ids[s_own[m.step]] END,
                 m_version[s_own[m.step]] + 1, m.born, m.data
            FROM unnest(m_step, ids, m_born, m_kind, m_machine, m_version, m_to, m_parent, m_sleeve, m_final,
                        m_data)
                 WITH ORDINALITY AS m (step, id, born, kind, machine, version, to_state, parent, sleeve,
                                       final, data, at)
           WHERE m.step BETWEEN lo AND hi AND m.version = 0;
        END IF;
        IF NOT p_checked AND good <> cardinality(array_remove(m_version, 0::bigint)) THEN
          RAISE EXCEPTION 'a step does not fit: instance' USING ERRCODE = 'BU002';
        END IF;
      END IF;

      -- ======== 5. Jobs: what becomes of the answered ones, each under its token; then the new ones.
      good := 0;
      IF NOT p_checked
         AND (finals OR NOT lone AND ('kept' = ANY (s_fate)
                                      OR 'done' = ANY (s_fate) AND 'rearmed' = ANY (s_fate))) THEN
        PERFORM lock_jobs(s_owner, s_job_instance, s_job_version, s_job_ordinal, m_step, ids, m_final);
      END IF;
      IF lone AND s_fate[1] = 'done' THEN
        DELETE FROM job j
         WHERE j.owner = s_owner[1] AND j.instance = s_job_instance[1] AND j.version = s_job_version[1]
           AND j.ordinal = s_job_ordinal[1] AND j.token = s_token[1];
        GET DIAGNOSTICS good = ROW_COUNT;
      ELSIF 'done' = ANY (s_fate) THEN
        DELETE FROM job j
         USING (SELECT * FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal, s_fate,
                                     s_token) WITH ORDINALITY
                  AS s (owner, instance, version, ordinal, fate, token, at) ORDER BY 1, 2, 3, 4) AS s
         WHERE s.at BETWEEN lo AND hi AND s.fate = 'done' AND j.owner = ANY (ARRAY[s.owner])
           AND j.instance = s.instance AND j.version = s.version AND j.ordinal = s.ordinal
           AND j.token = s.token;
        GET DIAGNOSTICS good = ROW_COUNT;
      END IF;
      IF 'rearmed' = ANY (s_fate) THEN
        UPDATE job j SET token = NULL, broker = NULL, world_at = s.rearm, run_at = '-infinity', attempt = 0,
                         tries = 0, last_error = NULL
          FROM (SELECT * FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal, s_fate, s_token,
                                     s_rearm) WITH ORDINALITY
                  AS s (owner, instance, version, ordinal, fate, token, rearm, at) ORDER BY 1, 2, 3, 4) AS s
         WHERE s.at BETWEEN lo AND hi AND s.fate = 'rearmed' AND j.owner = ANY (ARRAY[s.owner])
           AND j.instance = s.instance AND j.version = s.version AND j.ordinal = s.ordinal
           AND j.token = s.token;
        GET DIAGNOSTICS wanted = ROW_COUNT;
        good := good + wanted;
      END IF;
      IF 'kept' = ANY (s_fate) THEN
        SELECT good + count(*) INTO good FROM (
          SELECT FROM unnest(s_owner, s_job_instance, s_job_version, s_job_ordinal, s_fate,
                             s_token) WITH ORDINALITY
                   AS s (owner, instance, version, ordinal, fate, token, at)
            JOIN job j ON j.owner = ANY (ARRAY[s.owner]) AND j.instance = s.instance
                      AND j.version = s.version AND j.ordinal = s.ordinal AND j.token = s.token
           WHERE s.at BETWEEN lo AND hi AND s.fate = 'kept' FOR UPDATE OF j) AS x;
      END IF;
      IF NOT p_checked AND good <> cardinality(array_remove(s_job_instance, 0::bigint)) THEN
        RAISE EXCEPTION 'a step does not fit: lease' USING ERRCODE = 'BU002';
      END IF;
      IF finals THEN
        DELETE FROM job j USING unnest(m_step, ids, m_final) AS m (step, id, final)
         WHERE m.step BETWEEN lo AND hi AND m.final AND j.owner = ANY (ARRAY[s_owner[m.step]])
           AND j.instance = m.id;
      END IF;
      IF lone AND cardinality(j_move) = 1 THEN
        INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at, attempt,
                         token)
        VALUES (s_owner[1], ids[j_move[1]], m_version[j_move[1]] + 1, j_ordinal[1], p_shard,
                m_kind[j_move[1]], j_command[1], j_event[1], j_world[1],
                CASE WHEN j_token[1] IS NULL THEN 0 ELSE 1 END, j_token[1]);
      ELSIF cardinality(j_move) > 0 THEN
        INSERT INTO job (owner, instance, version, ordinal, shard, kind, command, is_event, world_at, attempt,
                         token)
        SELECT s_owner[m_step[j.move]], ids[j.move], m_version[j.move] + 1, j.ordinal, p_shard,
               m_kind[j.move], j.command, j.event, j.world,
               CASE WHEN j.token IS NULL THEN 0 ELSE 1 END, j.token
          FROM unnest(j_move, j_ordinal, j_command, j_event, j_world, j_token)
               AS j (move, ordinal, command, event, world, token)
         WHERE m_step[j.move] BETWEEN lo AND hi;
      END IF;

      -- ======== 6a. Money: holds resolved, accounts (each once), entries with running counters, postings.
      IF posts THEN
        IF NOT holds THEN
          reserved := NULL;
        ELSIF NOT p_checked THEN
          -- Accounts before holds: every writer's order.
          PERFORM lock_accounts(s_owner, p_step, p_debit, p_credit);
        END IF;
        IF holds THEN
          WITH resolved AS (
            UPDATE hold h SET resolved_by = ids[s_own[p.step]],
                              resolved_version = m_version[s_own[p.step]] + 1
              FROM unnest(p_step, p_debit, p_credit, p_asset, p_amount, p_hold_instance, p_hold_version,
                          p_hold_leg) WITH ORDINALITY
                   AS p (step, debit, credit, asset, amount, h_instance, h_version, h_leg, at)
             WHERE p.step BETWEEN lo AND hi AND p.h_instance <> 0 AND h.owner = ANY (ARRAY[s_owner[p.step]])
               AND h.instance = p.h_instance AND h.version = p.h_version AND h.leg = p.h_leg
               AND h.resolved_by = 0 AND h.debit = p.debit AND h.credit = p.credit
               AND h.asset = p.asset AND h.reserved >= p.amount
            RETURNING p.at, h.reserved)
          SELECT array_agg(coalesce(r.reserved, 0)::numeric ORDER BY p.at), count(r.at) INTO reserved, good
            FROM generate_series(1, cardinality(p_step)) AS p (at) LEFT JOIN resolved r ON r.at = p.at;
          IF NOT p_checked AND good <> cardinality(array_remove(p_hold_instance, 0::bigint)) THEN
            RAISE EXCEPTION 'a step does not fit: hold' USING ERRCODE = 'BU002';
          END IF;
          INSERT INTO hold (owner, instance, version, leg, debit, credit, asset, reserved)
          SELECT s_owner[p.step], ids[s_own[p.step]], m_version[s_own[p.step]] + 1, p.leg, p.debit, p.credit,
                 p.asset, p.amount
            FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount)
                 AS p (step, leg, kind, debit, credit, asset, amount)
           WHERE p.step BETWEEN lo AND hi AND p.kind = 'hold';
        END IF;

        -- ======== 6b. One posting, as most steps have that come alone: the same in a small statement, for
        -- setting a large one up costs more than running it. Both accounts in key order; a limit that breaks
        -- is the CHECK's to say.
        IF cardinality(p_step) = 1 THEN
          own := s_own[p_step[1]];
          pending := CASE p_kind[1] WHEN 'hold' THEN p_amount[1] ELSE -coalesce(reserved[1], 0) END;
          settled := CASE p_kind[1] WHEN 'hold' THEN 0 ELSE p_amount[1] END;
          risky := false;
          WITH moved AS (
            UPDATE account a SET debits_pending = a.debits_pending + pending * (1 - v.side),
                                 debits_posted = a.debits_posted + settled * (1 - v.side),
                                 credits_pending = a.credits_pending + pending * v.side,
                                 credits_posted = a.credits_posted + settled * v.side,
                                 version = a.version + 1
              FROM (SELECT s_owner[p_step[1]] AS owner, x.id, x.side
                      FROM (VALUES (p_debit[1], 0), (p_credit[1], 1)) AS x (id, side)
                     WHERE p_step[1] BETWEEN lo AND hi ORDER BY x.id) AS v
             WHERE a.owner = ANY (ARRAY[v.owner]) AND a.id = v.id
            RETURNING a.owner, a.id, a.version, v.side, a.debits_pending, a.debits_posted, a.credits_pending,
                      a.credits_posted),
          entered AS (
            INSERT INTO entry (owner, account, version, instance, step_version, leg, side, debits_pending,
                               debits_posted, credits_pending, credits_posted)
            SELECT b.owner, b.id, b.version, ids[own], m_version[own] + 1, p_leg[1], b.side, b.debits_pending,
                   b.debits_posted, b.credits_pending, b.credits_posted
              FROM moved b),
          written AS (
            INSERT INTO posting (owner, instance, version, leg, kind, debit, credit, asset, amount, code,
                                 hold_instance, hold_version, hold_leg, world_at)
            SELECT s_owner[p_step[1]], ids[own], m_version[own] + 1, p_leg[1], p_kind[1], p_debit[1],
                   p_credit[1], p_asset[1], p_amount[1], p_code[1], p_hold_instance[1], p_hold_version[1],
                   p_hold_leg[1], s_world[p_step[1]]
             WHERE p_step[1] BETWEEN lo AND hi)
          SELECT count(*) INTO good FROM moved;

        -- ======== 6c. Any postings.
        ELSE
          WITH posted AS MATERIALIZED (
            SELECT s_owner[p.step] AS owner, ids[s_own[p.step]] AS instance,
                   m_version[s_own[p.step]] + 1 AS version, coalesce(p.reserved, 0) AS held, p.*
              FROM unnest(p_step, p_leg, p_kind, p_debit, p_credit, p_asset, p_amount, p_code,
                          p_hold_instance, p_hold_version, p_hold_leg, reserved)
                   AS p (step, leg, kind, debit, credit, asset, amount, code, h_instance, h_version, h_leg,
                         reserved)
             WHERE p.step BETWEEN lo AND hi),
          leg AS MATERIALIZED (
            SELECT p.owner, v.account, p.instance, p.version, p.step, p.leg, v.side, v.dp, v.dd, v.cp, v.cc
              FROM posted p
             CROSS JOIN LATERAL (VALUES
               (p.debit, 0, CASE p.kind WHEN 'hold' THEN p.amount ELSE -p.held END,
                CASE p.kind WHEN 'hold' THEN 0 ELSE p.amount END, 0, 0),
               (p.credit, 1, 0, 0, CASE p.kind WHEN 'hold' THEN p.amount ELSE -p.held END,
                CASE p.kind WHEN 'hold' THEN 0 ELSE p.amount END)
               ) AS v (account, side, dp, dd, cp, cc)),
          total AS MATERIALIZED (
            SELECT s.owner, s.account, sum(s.dp) AS dp, sum(s.dd) AS dd, sum(s.cp) AS cp, sum(s.cc) AS cc,
                   sum(s.n) AS n, sum(least(s.cc - s.dd - s.dp, 0)) AS worst
              FROM (SELECT owner, account, step, sum(dp) AS dp, sum(dd) AS dd, sum(cp) AS cp, sum(cc) AS cc,
                           count(*) AS n
                      FROM leg GROUP BY owner, account, step) AS s
             GROUP BY s.owner, s.account ORDER BY s.owner, s.account),
          moved AS (
            UPDATE account a SET debits_pending = a.debits_pending + t.dp,
                                 debits_posted = a.debits_posted + t.dd,
                                 credits_pending = a.credits_pending + t.cp,
                                 credits_posted = a.credits_posted + t.cc, version = a.version + t.n
              FROM total t
             WHERE a.owner = ANY (ARRAY[t.owner]) AND a.id = t.account
            RETURNING a.owner, a.id, t.n, a.version - t.n AS version, a.debits_pending - t.dp AS dp,
                      a.debits_posted - t.dd AS dd, a.credits_pending - t.cp AS cp,
                      a.credits_posted - t.cc AS cc,
                      a.limited AND (a.credits_posted - t.cc) - (a.debits_posted - t.dd)
                                    - (a.debits_pending - t.dp) + t.worst < 0 AS risky),
          entered AS (
            INSERT INTO entry (owner, account, version, instance, step_version, leg, side, debits_pending,
                               debits_posted, credits_pending, credits_posted)
            SELECT x.owner, x.account, x.version, x.instance, x.step_version, x.leg, x.side, x.dp, x.dd, x.cp,
                   x.cc
              FROM (SELECT u.owner, u.account, (sum(u.n) OVER w)::bigint AS version, u.instance,
                           u.step_version, u.leg, u.side,
                           sum(u.dp) OVER w AS dp, sum(u.dd) OVER w AS dd, sum(u.cp) OVER w AS cp,
                           sum(u.cc) OVER w AS cc
                      FROM (SELECT b.owner, b.id AS account, b.version AS n, 0::bigint AS instance,
                                   0::bigint AS step_version, 0 AS step, 0 AS leg, -1 AS side, b.dp, b.dd,
                                   b.cp, b.cc FROM moved b
                            UNION ALL
                            SELECT l.owner, l.account, 1, l.instance, l.version, l.step, l.leg, l.side, l.dp,
                                   l.dd, l.cp, l.cc FROM leg l) AS u
                    WINDOW w AS (PARTITION BY u.owner, u.account ORDER BY u.step, u.leg, u.side
                                 ROWS UNBOUNDED PRECEDING)) AS x
             WHERE x.side >= 0),
          written AS (
            INSERT INTO posting (owner, instance, version, leg, kind, debit, credit, asset, amount, code,
                                 hold_instance, hold_version, hold_leg, world_at)
            SELECT p.owner, p.instance, p.version, p.leg, p.kind, p.debit, p.credit, p.asset, p.amount,
                   p.code, p.h_instance, p.h_version, p.h_leg, s_world[p.step]
              FROM posted p)
          SELECT sum(b.n), bool_or(b.risky) INTO good, risky FROM moved b;
        END IF;
        -- An account that does not exist, or a step that only a neighbour's money would make possible.
        IF NOT p_checked AND (good IS DISTINCT FROM 2 * cardinality(p_step) OR risky) THEN
          RAISE EXCEPTION 'a step does not fit: account' USING ERRCODE = 'BU002';
        END IF;
      END IF;
    END IF;
    EXIT WHEN hi = n;
    lo := hi + 1;
    hi := lo;
  END LOOP;

  -- ======== 7. One link for the call. The shard row last: a broker that lost the shard meanwhile takes the
  -- whole call down.
  IF cardinality(l_owner) > 0 THEN
    done_at := clock_timestamp();
    done_us := (extract(epoch FROM done_at) * 1000000)::bigint;
    WITH head AS (
      UPDATE shard SET seq = seq + 1, head = link_hash(p_shard, seq + 1, head, done_us, l_digest)
       WHERE id = p_shard AND epoch = p_epoch RETURNING seq, head)
    INSERT INTO link (shard, seq, owners, instances, versions, tokens, wall_at, hash)
    SELECT p_shard, head.seq, l_owner, l_instance, l_version, l_token, done_at, head.head FROM head;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'shard % is no longer at epoch %', p_shard, p_epoch USING ERRCODE = 'BU001';
    END IF;
  END IF;
END $$;
