-- 0002: several brokers. A broker takes a seat and keeps it by renewing a lease on that one row, never on the
-- hot rows of its shards; a shard belongs to a seat, and its epoch rises whenever it changes hands: what was
-- leased under an earlier epoch can't commit any more, whatever a broker that lost it believes.
SET search_path = ledger;

-- One row per shard: its fencing epoch and the head of its audit chain. Last in the lock order.
CREATE TABLE shard (
  id     int PRIMARY KEY CHECK (id BETWEEN 0 AND 63),
  epoch  bigint NOT NULL DEFAULT 0,
  broker text NOT NULL DEFAULT '',
  seq    bigint NOT NULL DEFAULT 0,
  head   bytea NOT NULL DEFAULT '\x',
  seat   bigint                                -- nobody's where that seat is gone or its lease is over
) WITH (fillfactor = 20);
INSERT INTO shard (id) SELECT generate_series(0, 63);

CREATE TABLE seat (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   -- one incarnation of a broker
  broker      text NOT NULL UNIQUE CHECK (broker <> ''),
  endpoint    text NOT NULL,                   -- where it can be reached, and the public key it proves there
  public_key  text NOT NULL,
  taken_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease_until timestamptz NOT NULL
) WITH (fillfactor = 20);
