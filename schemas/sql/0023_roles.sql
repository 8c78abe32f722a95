-- 0023: who may call what, by name. Until here each new function went to brokers and workers.
--   bursar_service   brokers and workers: claims, leases, facts, commits, seats.
--   bursar_operator  people: freezes and pauses, jobs, orders in doubt, openings, schedules; and all that only looks. It commits nothing by itself, and
--                    releases no world time. A login becomes one with GRANT bursar_operator TO its name.
--   bursar_keeper    what looks after API keys (`bursar node keys`): the service's rights, sealed secrets, and its own firings.
-- Nobody else calls anything: what is in no list below, trigger functions and what functions call, is for the owner alone. tests/ledger/rights.txt
-- holds the same lists; a new function is granted here by name, in its own migration, or it is the owner's.
SET search_path = ledger;

DO $$
DECLARE
  made name;
BEGIN
  FOREACH made IN ARRAY ARRAY['bursar_operator', 'bursar_keeper'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = made) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', made);
    END IF;
  END LOOP;
END $$;

-- What stands as it was made is the owner's to record: verification believes it. The other records say what they are about.
CREATE FUNCTION record_standing(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  IF p_data::jsonb ->> 'what' IS DISTINCT FROM 'standing' THEN
    RAISE EXCEPTION 'what stands is not recorded as %', p_data::jsonb ->> 'what' USING ERRCODE = 'BU013';
  END IF;
  PERFORM lock_flags(p_owner);
  RETURN record_intervention(p_owner, p_data::jsonb);
END $$;

CREATE OR REPLACE FUNCTION record_migration(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  IF p_data::jsonb ->> 'what' IS DISTINCT FROM 'migrate' THEN
    RAISE EXCEPTION 'a migration is not recorded as %', p_data::jsonb ->> 'what' USING ERRCODE = 'BU013';
  END IF;
  PERFORM lock_flags(p_owner);
  RETURN record_intervention(p_owner, p_data::jsonb);
END $$;

CREATE OR REPLACE FUNCTION record_resolution(p_owner int, p_data text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
BEGIN
  IF p_data::jsonb ->> 'what' IS DISTINCT FROM 'resolve' THEN
    RAISE EXCEPTION 'a resolution is not recorded as %', p_data::jsonb ->> 'what' USING ERRCODE = 'BU013';
  END IF;
  RETURN record_intervention(p_owner, p_data::jsonb);
END $$;

-- ---- from nothing

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger, sealed FROM PUBLIC, bursar_service, bursar_mover;
REVOKE ALL ON ALL TABLES IN SCHEMA ledger, sealed FROM PUBLIC, bursar_service, bursar_mover;
GRANT USAGE ON SCHEMA ledger, sealed TO bursar_operator;
GRANT bursar_service TO bursar_keeper;

-- ---- brokers and workers

GRANT EXECUTE ON FUNCTION take_seat, hold_shards, give_up_shards, leave_seat, take, take_of, take_urgent, owners_in_turn, places, owner_ids, due, next_unheld,
                          leased, give_back, submit_event, world_now, facts, commit, may_send, sealed.key_for_use TO bursar_service;
GRANT SELECT ON deployment, owner, shard, control, link, asset, instrument, vault, sleeve, instance, feed, bar, sealed.api_key, sealed.master_key
  TO bursar_service;
GRANT EXECUTE ON FUNCTION sealed.key_for_move TO bursar_mover;

-- ---- what looks after keys

GRANT EXECUTE ON FUNCTION lose_firings, settle_review, take_firing, end_firing TO bursar_keeper;
GRANT SELECT ON sealed.seal TO bursar_keeper;

-- ---- people

GRANT EXECUTE ON FUNCTION impose, lift, halt, free_held, intervene, cancel_job, migrate_instance, record_migration, hold_for_person, record_resolution,
                          open_asset, open_owner, open_instrument, open_vault, open_sleeve, declare_schedules, fire TO bursar_operator;
GRANT EXECUTE ON FUNCTION world_now, is_paused, jobs_seen, job_counts, seats, firings_seen, look_for_stranded, stranded, wallet, digest, key_hash,
                          verify_breaks, verify_crossings, verify_openings, audit_accounts, audit_balances, audit_cuts, audit_holds, audit_instances,
                          audit_links, audit_living, audit_recent, audit_standing, audit_strays, audit_touched TO bursar_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO bursar_operator;
ALTER DEFAULT PRIVILEGES IN SCHEMA ledger GRANT SELECT ON TABLES TO bursar_operator;
GRANT SELECT ON sealed.api_key, sealed.master_key TO bursar_operator;
