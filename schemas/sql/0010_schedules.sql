-- 0010: schedules: what the house does by the clock on the wall.
SET search_path = ledger;

-- As the configuration declared them last. last_at: everything up to then has been fired, or was missed for
-- good (wall time).
CREATE TABLE schedule (
  owner    int NOT NULL REFERENCES owner,
  name     text NOT NULL,
  does     text NOT NULL CHECK (does IN ('review', 'reconcile', 'test_keys', 'checkpoint')),
  cron     text NOT NULL,
  zone     text NOT NULL,
  overlap  text NOT NULL CHECK (overlap IN ('skip', 'queue', 'allow')),
  catch_up text NOT NULL CHECK (catch_up IN ('none', 'last', 'all')),
  is_on    boolean NOT NULL DEFAULT true,
  last_at  bigint NOT NULL,
  PRIMARY KEY (owner, name)
);

CREATE TABLE firing (
  owner    int NOT NULL,
  schedule text NOT NULL,
  at       bigint NOT NULL,                    -- the time that it is for (wall time)
  instance bigint NOT NULL,                    -- the machine whose transitions say what became of it
  PRIMARY KEY (owner, schedule, at),
  UNIQUE (owner, instance),
  FOREIGN KEY (owner, schedule) REFERENCES schedule (owner, name)
);

-- Those that have not ended, with what they are to do as it was when they fired.
CREATE VIEW live_firing AS
  SELECT f.owner, f.schedule, f.at, f.instance, i.state, i.version, i.data, i.data::json ->> 'does' AS does,
         i.data::json ->> 'overlap' AS overlap
    FROM (SELECT DISTINCT s.owner FROM schedule s) AS o
    JOIN instance i ON i.owner = o.owner AND i.kind = 'firing' AND NOT i.is_final
    JOIN firing f ON f.owner = i.owner AND f.instance = i.id;
