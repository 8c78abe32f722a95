-- 0007: API keys of venues, sealed. What is stored here is useless without the master key, which is never in the database
-- (ledger/secrets). A schema of its own, so that rights given on everything in `ledger` never reach it. A key's state is an
-- instance of the machine `key`, so every change of it is a transition in the audit chain; here is only what it is and its seal.
-- Locked after the shard row of ledger.commit, and by the commands for keys alone.

CREATE SCHEMA sealed;
SET search_path = sealed;

-- The transfer executor's: a worker that may open, and alone may open, a key that can move coins.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'bursar_mover') THEN
    CREATE ROLE bursar_mover NOLOGIN;
  END IF;
END $$;

-- The master keys that were used, by their ids; a text that each sealed tells a wrong one before it is written with.
CREATE TABLE master_key (
  id          text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  check_value bytea NOT NULL CHECK (octet_length(check_value) > 28),
  is_current  boolean NOT NULL,                   -- only this one may seal
  made_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX master_key_current ON master_key (is_current) WHERE is_current;

CREATE SEQUENCE api_key_id;

-- What a key is. Never changed: its secret is bound to every column but the instance and the time.
CREATE TABLE api_key (
  owner        int NOT NULL REFERENCES ledger.owner,
  id           bigint NOT NULL,
  name         text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{1,64}$'),
  key_version  bigint NOT NULL CHECK (key_version > 0),
  venue        text NOT NULL CHECK (venue <> ''),
  account      text NOT NULL CHECK (account <> ''),
  purpose      text NOT NULL CHECK (purpose IN ('read', 'trade', 'move')),
  fingerprint  text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{8}$'),
  addresses    text[] NOT NULL,                   -- from where it may be used
  destinations text[] NOT NULL,                   -- to where it may move coins
  instance     bigint NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (owner, id),
  UNIQUE (owner, name, key_version),
  UNIQUE (owner, instance),
  FOREIGN KEY (owner, instance) REFERENCES ledger.instance (owner, id),
  CONSTRAINT move_keys_have_lists CHECK (CASE WHEN purpose = 'move' THEN cardinality(addresses) > 0 AND cardinality(destinations) > 0
                                              ELSE cardinality(addresses) = 0 AND cardinality(destinations) = 0 END)
);

-- The secret, under a data key of its own, which is under a master key. Gone once the key is retired.
CREATE TABLE seal (
  owner      int NOT NULL,
  id         bigint NOT NULL,
  nonce      bytea NOT NULL CHECK (octet_length(nonce) = 12),
  text       bytea NOT NULL CHECK (octet_length(text) > 16),
  key_nonce  bytea NOT NULL CHECK (octet_length(key_nonce) = 12),
  key_text   bytea NOT NULL CHECK (octet_length(key_text) = 48),
  master_key text NOT NULL REFERENCES master_key,
  PRIMARY KEY (owner, id),
  UNIQUE (nonce),
  UNIQUE (key_nonce),
  FOREIGN KEY (owner, id) REFERENCES api_key (owner, id)
);

CREATE FUNCTION keep_secret_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.owner, NEW.id, NEW.nonce, NEW.text) IS DISTINCT FROM (OLD.owner, OLD.id, OLD.nonce, OLD.text) THEN
    RAISE EXCEPTION 'a sealed secret is never changed, only its data key is wrapped anew' USING ERRCODE = 'BU010';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON api_key FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON api_key EXECUTE FUNCTION ledger.forbid_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON seal EXECUTE FUNCTION ledger.forbid_change();
CREATE TRIGGER no_other_text BEFORE UPDATE ON seal FOR EACH ROW EXECUTE FUNCTION keep_secret_text();
CREATE TRIGGER no_delete BEFORE DELETE ON master_key FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON master_key EXECUTE FUNCTION ledger.forbid_change();

-- The first master key, or the next one; from then on it alone may seal. The same one again changes nothing.
CREATE FUNCTION use_master_key(p_id text, p_check_value bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
BEGIN
  LOCK TABLE master_key IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM master_key m WHERE m.id = p_id AND m.is_current) THEN
    RETURN;
  END IF;
  UPDATE master_key m SET is_current = false WHERE m.is_current;
  INSERT INTO master_key (id, check_value, is_current) VALUES (p_id, p_check_value, true)
  ON CONFLICT (id) DO UPDATE SET is_current = true;
END $$;

-- A key whose instance was born in this transaction. One version of a name follows the other, for the same account and purpose.
CREATE FUNCTION add_key(p_owner int, p_id bigint, p_name text, p_version bigint, p_venue text, p_account text, p_purpose text, p_fingerprint text,
                        p_addresses text[], p_destinations text[], p_instance bigint,
                        p_nonce bytea, p_text bytea, p_key_nonce bytea, p_key_text bytea, p_master text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger.instance i WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'key' AND i.version = 1
                    AND (i.data::json ->> 'key')::bigint = p_id) THEN
    RAISE EXCEPTION 'the key % has no newborn instance of its own', p_id USING ERRCODE = 'BU011';
  END IF;
  IF NOT EXISTS (SELECT FROM master_key m WHERE m.id = p_master AND m.is_current) THEN
    RAISE EXCEPTION 'the master key % is not the one to seal with', p_master USING ERRCODE = 'BU012';
  END IF;
  IF p_version <> 1 + (SELECT count(*) FROM api_key k WHERE k.owner = p_owner AND k.name = p_name)
     OR EXISTS (SELECT FROM api_key k WHERE k.owner = p_owner AND k.name = p_name
                   AND (k.venue, k.account, k.purpose) <> (p_venue, p_account, p_purpose)) THEN
    RAISE EXCEPTION 'version % of the key % does not follow those that stand', p_version, p_name USING ERRCODE = 'BU013';
  END IF;
  INSERT INTO api_key (owner, id, name, key_version, venue, account, purpose, fingerprint, addresses, destinations, instance)
  VALUES (p_owner, p_id, p_name, p_version, p_venue, p_account, p_purpose, p_fingerprint, p_addresses, p_destinations, p_instance);
  INSERT INTO seal VALUES (p_owner, p_id, p_nonce, p_text, p_key_nonce, p_key_text, p_master);
END $$;

-- The data key of one secret under the current master key; false where another was there first.
CREATE FUNCTION rewrap_key(p_owner int, p_id bigint, p_from text, p_key_nonce bytea, p_key_text bytea, p_to text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
BEGIN
  UPDATE seal s SET key_nonce = p_key_nonce, key_text = p_key_text, master_key = p_to
   WHERE s.owner = p_owner AND s.id = p_id AND s.master_key = p_from
     AND EXISTS (SELECT FROM master_key m WHERE m.id = p_to AND m.is_current);
  RETURN FOUND;
END $$;

-- What a retired key sealed is of no more use to anyone.
CREATE FUNCTION forget_key(p_owner int, p_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
BEGIN
  DELETE FROM seal s USING api_key k JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance
   WHERE s.owner = p_owner AND s.id = p_id AND k.owner = s.owner AND k.id = s.id AND i.state = 'retired';
  RETURN FOUND;
END $$;

-- The seal of a key that may be used now, for the purpose that it was given for; no row otherwise. `move` is not for this one.
CREATE FUNCTION key_for_use(p_owner int, p_id bigint, p_purpose text)
RETURNS TABLE (nonce bytea, text bytea, key_nonce bytea, key_text bytea, master_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
  SELECT s.nonce, s.text, s.key_nonce, s.key_text, s.master_key
    FROM seal s JOIN api_key k ON k.owner = s.owner AND k.id = s.id JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance
   WHERE s.owner = p_owner AND s.id = p_id AND k.purpose = p_purpose AND p_purpose IN ('read', 'trade') AND i.state IN ('healthy', 'degraded');
$$;

-- The same for the transfer executor's role, and for keys that move coins alone.
CREATE FUNCTION key_for_move(p_owner int, p_id bigint)
RETURNS TABLE (nonce bytea, text bytea, key_nonce bytea, key_text bytea, master_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
  SELECT s.nonce, s.text, s.key_nonce, s.key_text, s.master_key
    FROM seal s JOIN api_key k ON k.owner = s.owner AND k.id = s.id JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance
   WHERE s.owner = p_owner AND s.id = p_id AND k.purpose = 'move' AND i.state IN ('healthy', 'degraded');
$$;

-- A live key waits for a look at the venue or for a person (`bursar key list` shows it), not for a job: it isn't stranded.
CREATE OR REPLACE FUNCTION ledger.stranded() RETURNS TABLE (owner int, instance bigint, kind text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT i.owner, i.id, i.kind, i.state FROM instance i
   WHERE NOT i.is_final AND i.kind NOT IN ('vault', 'sleeve', 'control') AND i.state <> 'paused'
     AND NOT EXISTS (SELECT FROM job j WHERE j.owner = i.owner AND j.instance = i.id)
     AND NOT EXISTS (SELECT FROM instance c WHERE c.owner = i.owner AND c.parent = i.id AND NOT c.is_final)
     AND NOT EXISTS (SELECT FROM sealed.api_key k JOIN sealed.seal s ON s.owner = k.owner AND s.id = k.id
                      WHERE k.owner = i.owner AND k.instance = i.id);
$$;

-- The service sees what keys there are, and seals only through key_for_use; whoever adds, tests, rewraps and retires keys is the owner.
GRANT bursar_service TO bursar_mover;
GRANT USAGE ON SCHEMA sealed TO bursar_service;
GRANT SELECT ON sealed.api_key, sealed.master_key TO bursar_service;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA sealed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealed.key_for_use(int, bigint, text) TO bursar_service;
GRANT EXECUTE ON FUNCTION sealed.key_for_move(int, bigint) TO bursar_mover;
-- As at the end of 0005, for what was replaced in `ledger` here.
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO bursar_service;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO bursar_service;
