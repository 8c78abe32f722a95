-- 0001: what everything else stands on: the schemas, the roles, amounts, and what was applied here. The
-- owner leads every key. Amounts are whole minor units. World times are microseconds since 1970 UTC
-- (bigint), wall times timestamptz. A numbered file holds tables and data, and calls no function of ours:
-- it runs where there is none (ledger/store/migrations.cpp). Functions, triggers and rights are in
-- functions/.

CREATE SCHEMA ledger;
-- API keys, apart: rights given on everything in `ledger` never reach them.
CREATE SCHEMA sealed;
SET search_path = ledger;

-- bursar_service   brokers and workers
-- bursar_operator  people; a login becomes one with GRANT bursar_operator TO its name
-- bursar_keeper    what looks after API keys (`bursar node keys`)
-- bursar_mover     the transfer executor: the only worker that may open a key that can move coins
DO $$
DECLARE
  made record;
BEGIN
  FOR made IN SELECT * FROM (VALUES ('bursar_service', 'LOGIN'), ('bursar_operator', 'NOLOGIN'),
                                    ('bursar_keeper', 'NOLOGIN'), ('bursar_mover', 'NOLOGIN'))
                       AS r (name, login) LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = made.name) THEN
      EXECUTE format('CREATE ROLE %I %s', made.name, made.login);
    END IF;
  END LOOP;
END $$;
GRANT bursar_service TO bursar_keeper, bursar_mover;

-- What a later file or set makes is nobody's until it is granted by name, but for people, who may read.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA ledger GRANT SELECT ON TABLES TO bursar_operator;

-- Bare NUMERIC: a scale in the type would round before the check could refuse.
CREATE DOMAIN minor_units AS numeric
  CHECK (VALUE <> 'NaN' AND VALUE > -1e38 AND VALUE < 1e38 AND VALUE = trunc(VALUE));
CREATE DOMAIN counter AS numeric
  CHECK (VALUE <> 'NaN' AND VALUE >= 0 AND VALUE < 1e38 AND VALUE = trunc(VALUE));

-- Which file made the tables what they are: a changed file or a newer schema is refused at start.
CREATE TABLE migration (
  number     int PRIMARY KEY,
  name       text NOT NULL,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- Which sets of functions were in force; the last one is.
CREATE TABLE function_set (
  number     int PRIMARY KEY,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- The deployment's own 64-bit name: the first half of every client order id.
CREATE TABLE deployment (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  name bytea NOT NULL CHECK (octet_length(name) = 8)
);
INSERT INTO deployment (name) VALUES (substring(uuid_send(gen_random_uuid()) FROM 9 FOR 8));

CREATE TABLE setting (
  key   text PRIMARY KEY,
  value text NOT NULL
);
