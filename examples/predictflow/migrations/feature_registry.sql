-- The registry of asof on SQLite: definitions, state, jobs, lineage and statistics. Applied by the first command that writes; the
-- tables and columns are checked whenever the registry is opened. You may add indexes, views and tables of your own; what stands
-- here must stay. In a registry of an older format, the file that comes with asof makes what is missing. Times are UTC
-- microseconds since the epoch. JSON is canonical: names sorted, no spaces.

CREATE TABLE IF NOT EXISTS registry_meta (
  key   TEXT PRIMARY KEY,
  -- format_version: of these tables. version: counts commits. definitions_version: counts commits that touch definitions.
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO registry_meta (key, value) VALUES ('format_version', 2), ('version', 0), ('definitions_version', 0);

-- A registry of format 1 becomes one of format 2 by this file: it had no statistics.
UPDATE registry_meta SET value = 2 WHERE key = 'format_version' AND value < 2;

-- One row per object (project, entity, source, feature_view, feature_service) and per state (view_state, source_state).
CREATE TABLE IF NOT EXISTS feature_registry (
  project              TEXT    NOT NULL,
  kind                 TEXT    NOT NULL,
  name                 TEXT    NOT NULL,
  -- The repository that manages the object; empty for state.
  repository           TEXT    NOT NULL,
  data_fingerprint     TEXT    NOT NULL,
  metadata_fingerprint TEXT    NOT NULL,
  spec                 TEXT    NOT NULL,
  -- Counts the writes of this row, from 1: what compare-and-swap compares.
  revision             INTEGER NOT NULL,
  updated_at_us        INTEGER NOT NULL,
  PRIMARY KEY (project, kind, name)
) STRICT;

-- The last change of every key, in the order of the changes.
CREATE TABLE IF NOT EXISTS registry_changes (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  version  INTEGER NOT NULL,
  project  TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  op       TEXT    NOT NULL CHECK (op IN ('put', 'delete')),
  UNIQUE (project, kind, name)
) STRICT;

CREATE INDEX IF NOT EXISTS registry_changes_version ON registry_changes (version);

CREATE TABLE IF NOT EXISTS registry_jobs (
  id             TEXT    PRIMARY KEY,
  project        TEXT    NOT NULL,
  kind           TEXT    NOT NULL,
  status         TEXT    NOT NULL,
  parameters     TEXT    NOT NULL,
  progress       TEXT    NOT NULL,
  error          TEXT,
  started_at_us  INTEGER NOT NULL,
  updated_at_us  INTEGER NOT NULL,
  finished_at_us INTEGER,
  owner          TEXT    NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS registry_jobs_started ON registry_jobs (project, started_at_us);

-- from_node was used to make to_node: source:NAME.column, feature:VIEW.feature, service:NAME, training_set:ID.
CREATE TABLE IF NOT EXISTS feature_lineage (
  project        TEXT    NOT NULL,
  from_node      TEXT    NOT NULL,
  to_node        TEXT    NOT NULL,
  recorded_by    TEXT    NOT NULL,
  recorded_at_us INTEGER NOT NULL,
  details        TEXT    NOT NULL,
  PRIMARY KEY (project, from_node, to_node, recorded_by)
) STRICT;

CREATE INDEX IF NOT EXISTS feature_lineage_to ON feature_lineage (project, to_node);

-- What a run found out about the values of a feature: a time series per (project, view, feature).
CREATE TABLE IF NOT EXISTS feature_statistics (
  project        TEXT    NOT NULL,
  view           TEXT    NOT NULL,
  feature        TEXT    NOT NULL,
  -- The job, or an id of its own for a run on demand.
  run_id         TEXT    NOT NULL,
  -- materialize or on_demand.
  origin         TEXT    NOT NULL,
  generation     INTEGER NOT NULL,
  -- Event times covered, the end exclusive; null: no bound.
  start_us       INTEGER,
  end_us         INTEGER,
  computed_at_us INTEGER NOT NULL,
  statistics     TEXT    NOT NULL,
  PRIMARY KEY (project, view, feature, run_id)
) STRICT;

CREATE INDEX IF NOT EXISTS feature_statistics_newest ON feature_statistics (project, view, feature, computed_at_us DESC, run_id);
