-- keys.sql: sealed API keys.
SET search_path = sealed;

CREATE FUNCTION keep_secret_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.owner, NEW.id, NEW.nonce, NEW.text) IS DISTINCT FROM (OLD.owner, OLD.id, OLD.nonce, OLD.text) THEN
    RAISE EXCEPTION 'a sealed secret is never changed, only its data key is wrapped anew'
      USING ERRCODE = 'BU010';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER no_other_text BEFORE UPDATE ON seal FOR EACH ROW EXECUTE FUNCTION keep_secret_text();

-- The first master key, or the next one; from then on it alone may seal. The same one again changes nothing.
CREATE FUNCTION use_master_key(p_id text, p_check_value bytea) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = sealed, pg_temp AS $$
BEGIN
  LOCK TABLE master_key IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM master_key m WHERE m.id = p_id AND m.is_current) THEN
    RETURN;
  END IF;
  UPDATE master_key m SET is_current = false WHERE m.is_current;
  INSERT INTO master_key (id, check_value, is_current) VALUES (p_id, p_check_value, true)
  ON CONFLICT (id) DO UPDATE SET is_current = true;
END $$;

-- A key whose instance was born in this transaction. One version of a name follows the other, for the same
-- account and purpose.
CREATE FUNCTION add_key(p_owner int, p_id bigint, p_name text, p_version bigint, p_venue text, p_account text,
                        p_purpose text, p_fingerprint text, p_addresses text[], p_destinations text[],
                        p_instance bigint, p_nonce bytea, p_text bytea, p_key_nonce bytea, p_key_text bytea,
                        p_master text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger.instance i
                  WHERE i.owner = p_owner AND i.id = p_instance AND i.kind = 'key' AND i.version = 1
                    AND (i.data::json ->> 'key')::bigint = p_id) THEN
    RAISE EXCEPTION 'the key % has no newborn instance of its own', p_id USING ERRCODE = 'BU011';
  END IF;
  IF NOT EXISTS (SELECT FROM master_key m WHERE m.id = p_master AND m.is_current) THEN
    RAISE EXCEPTION 'the master key % is not the one to seal with', p_master USING ERRCODE = 'BU012';
  END IF;
  IF p_version <> 1 + (SELECT count(*) FROM api_key k WHERE k.owner = p_owner AND k.name = p_name)
     OR EXISTS (SELECT FROM api_key k WHERE k.owner = p_owner AND k.name = p_name
                   AND (k.venue, k.account, k.purpose) <> (p_venue, p_account, p_purpose)) THEN
    RAISE EXCEPTION 'version % of the key % does not follow those that stand', p_version, p_name
      USING ERRCODE = 'BU013';
  END IF;
  INSERT INTO api_key (owner, id, name, key_version, venue, account, purpose, fingerprint, addresses,
                       destinations, instance)
  VALUES (p_owner, p_id, p_name, p_version, p_venue, p_account, p_purpose, p_fingerprint, p_addresses,
          p_destinations, p_instance);
  INSERT INTO seal VALUES (p_owner, p_id, p_nonce, p_text, p_key_nonce, p_key_text, p_master);
END $$;

-- The data key of one secret under the current master key; false where another was there first.
CREATE FUNCTION rewrap_key(p_owner int, p_id bigint, p_from text, p_key_nonce bytea, p_key_text bytea,
                           p_to text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
BEGIN
  UPDATE seal s SET key_nonce = p_key_nonce, key_text = p_key_text, master_key = p_to
   WHERE s.owner = p_owner AND s.id = p_id AND s.master_key = p_from
     AND EXISTS (SELECT FROM master_key m WHERE m.id = p_to AND m.is_current);
  RETURN FOUND;
END $$;

-- What a retired key sealed is of no more use to anyone.
CREATE FUNCTION forget_key(p_owner int, p_id bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = sealed, pg_temp AS $$
BEGIN
  DELETE FROM seal s USING api_key k JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance
   WHERE s.owner = p_owner AND s.id = p_id AND k.owner = s.owner AND k.id = s.id AND i.state = 'retired';
  RETURN FOUND;
END $$;

-- The seal of a key that may be used now, for the purpose that it was given for; no row otherwise. `move`
-- is not for this one.
CREATE FUNCTION key_for_use(p_owner int, p_id bigint, p_purpose text)
RETURNS TABLE (nonce bytea, text bytea, key_nonce bytea, key_text bytea, master_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
  SELECT s.nonce, s.text, s.key_nonce, s.key_text, s.master_key
    FROM seal s JOIN api_key k ON k.owner = s.owner AND k.id = s.id
    JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance
   WHERE s.owner = p_owner AND s.id = p_id AND k.purpose = p_purpose AND p_purpose IN ('read', 'trade')
     AND i.state IN ('healthy', 'degraded');
$$;

-- The same for the transfer executor's role, and for keys that move coins alone.
CREATE FUNCTION key_for_move(p_owner int, p_id bigint)
RETURNS TABLE (nonce bytea, text bytea, key_nonce bytea, key_text bytea, master_key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sealed, pg_temp AS $$
  SELECT s.nonce, s.text, s.key_nonce, s.key_text, s.master_key
    FROM seal s JOIN api_key k ON k.owner = s.owner AND k.id = s.id
    JOIN ledger.instance i ON i.owner = k.owner AND i.id = k.instance
   WHERE s.owner = p_owner AND s.id = p_id AND k.purpose = 'move' AND i.state IN ('healthy', 'degraded');
$$;
