-- brokers.sql: seats and shards. A seat whose lease is over holds nothing. Shard rows are locked last and
-- in order of id here as everywhere; a take-over skips those that a commit has locked and comes back for
-- them. All of it is durable before it returns.
SET search_path = ledger;

-- All shards at once, without a seat (a command whose house is down; tests): any broker that sits finds
-- them lost and takes them anew.
CREATE FUNCTION own_shards(p_broker text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
  PERFORM 1 FROM shard ORDER BY id FOR UPDATE;
  UPDATE shard SET epoch = (SELECT max(epoch) FROM shard) + 1, broker = p_broker, seat = NULL;
  RETURN (SELECT max(epoch) FROM shard);
END $$;

-- A fresh seat. One of the same name is an earlier incarnation: its shards are free from here.
CREATE FUNCTION take_seat(p_broker text, p_endpoint text, p_public_key text, p_ttl_ms bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  mine bigint;
BEGIN
  INSERT INTO seat AS s (broker, endpoint, public_key, lease_until)
  VALUES (p_broker, p_endpoint, p_public_key, clock_timestamp() + p_ttl_ms * interval '1 millisecond')
  ON CONFLICT (broker) DO UPDATE SET id = DEFAULT, endpoint = excluded.endpoint,
                                 public_key = excluded.public_key,
                                     taken_at = clock_timestamp(), lease_until = excluded.lease_until
  RETURNING s.id INTO mine;
  RETURN mine;
END $$;

-- Renews the seat's lease, takes free shards up to an even share, and tells what it holds. Only shards
-- with an owner count. `surplus`: how many of them it should give up, at a quiet moment, for all to hold
-- as many. `seated` false: the seat is somebody else's now.
CREATE FUNCTION hold_shards(p_seat bigint, p_ttl_ms bigint, OUT seated boolean, OUT shards int[],
                            OUT epochs bigint[], OUT live int[], OUT surplus int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  brokers int;
  mine int;
  poorest int;      -- that any other seat holds
  even int;         -- an even share, rounded down
  most int;         -- ... and up
BEGIN
  shards := '{}'; epochs := '{}'; live := '{}'; surplus := 0;
  UPDATE seat SET lease_until = clock_timestamp() + p_ttl_ms * interval '1 millisecond' WHERE id = p_seat;
  seated := FOUND;
  IF NOT seated THEN RETURN; END IF;

  SELECT coalesce(array_agg(DISTINCT o.shard ORDER BY o.shard), '{}') INTO live FROM owner o;
  WITH held AS (
    SELECT s.id, count(h.id) AS shards FROM seat s LEFT JOIN shard h ON h.seat = s.id AND h.id = ANY (live)
     WHERE s.lease_until >= clock_timestamp() OR s.id = p_seat GROUP BY s.id)
  SELECT count(*), coalesce(min(held.shards) FILTER (WHERE held.id <> p_seat), 0),
         max(held.shards) FILTER (WHERE held.id = p_seat)
    INTO brokers, poorest, mine FROM held;
  even := cardinality(live) / brokers;
  most := (cardinality(live) + brokers - 1) / brokers;

  -- Beyond the even share only what nobody else is short of.
  WITH free AS (
    SELECT h.id FROM shard h
     WHERE h.id = ANY (live)
       AND NOT EXISTS (SELECT FROM seat s
                        WHERE s.id = h.seat AND (s.lease_until >= clock_timestamp() OR s.id = p_seat))
     ORDER BY h.id LIMIT greatest(CASE WHEN brokers > 1 AND poorest < even THEN even ELSE most END - mine,
                                  0) FOR UPDATE OF h SKIP LOCKED)
  UPDATE shard h SET epoch = h.epoch + 1, seat = p_seat, broker = s.broker FROM free f, seat s
   WHERE h.id = f.id AND s.id = p_seat;

  SELECT coalesce(array_agg(h.id ORDER BY h.id), '{}'), coalesce(array_agg(h.epoch ORDER BY h.id), '{}')
    INTO shards, epochs
    FROM shard h WHERE h.seat = p_seat;
  SELECT count(*) INTO mine FROM shard h WHERE h.seat = p_seat AND h.id = ANY (live);
  surplus := greatest(mine - most, 0);
  IF surplus = 0 AND brokers > 1 AND mine - poorest >= 2 THEN surplus := 1; END IF;
END $$;

-- Nobody's from here; whoever takes them raises their epoch.
CREATE FUNCTION give_up_shards(p_seat bigint, p_shards int[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
DECLARE
  given bigint;
BEGIN
  PERFORM 1 FROM shard h WHERE h.id = ANY (p_shards) AND h.seat = p_seat ORDER BY h.id FOR UPDATE;
  UPDATE shard h SET seat = NULL WHERE h.id = ANY (p_shards) AND h.seat = p_seat;
  GET DIAGNOSTICS given = ROW_COUNT;
  RETURN given;
END $$;

-- A clean end: all of its shards are free at once.
CREATE FUNCTION leave_seat(p_seat bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  DELETE FROM seat WHERE id = p_seat;
  RETURN FOUND;
END $$;

-- Who sits, and what each holds; the lease's rest is negative where it is over.
CREATE FUNCTION seats()
RETURNS TABLE (broker text, endpoint text, public_key text, lease_ms bigint, shards int[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT s.broker, s.endpoint, s.public_key,
         (extract(epoch FROM s.lease_until - clock_timestamp()) * 1000)::bigint,
         ARRAY(SELECT h.id FROM shard h WHERE h.seat = s.id ORDER BY h.id)
    FROM seat s ORDER BY s.broker;
$$;
