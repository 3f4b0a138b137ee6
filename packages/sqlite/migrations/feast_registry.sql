-- Feast's SQL registry (as Feast 0.67 makes it on SQLite) beside asof's own tables, and how asof notices what Feast writes there.
-- Applied by the first write to a registry of type sql. Feast finds its tables as it would have made them.

CREATE TABLE IF NOT EXISTS data_sources (
  data_source_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  data_source_proto BLOB NOT NULL,
  PRIMARY KEY (data_source_name, project_id)
);

CREATE TABLE IF NOT EXISTS entities (
  entity_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  entity_proto BLOB NOT NULL,
  PRIMARY KEY (entity_name, project_id)
);

CREATE TABLE IF NOT EXISTS feast_metadata (
  project_id VARCHAR(255) NOT NULL,
  metadata_key VARCHAR(50) NOT NULL,
  metadata_value TEXT NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  PRIMARY KEY (project_id, metadata_key)
);

CREATE TABLE IF NOT EXISTS feature_services (
  feature_service_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  feature_service_proto BLOB NOT NULL,
  PRIMARY KEY (feature_service_name, project_id)
);

CREATE TABLE IF NOT EXISTS feature_view_version_history (
  feature_view_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  version_number INTEGER NOT NULL,
  feature_view_type VARCHAR(50) NOT NULL,
  feature_view_proto BLOB NOT NULL,
  created_timestamp BIGINT NOT NULL,
  description TEXT,
  version_id VARCHAR(36) NOT NULL,
  PRIMARY KEY (feature_view_name, project_id, version_number)
);

CREATE TABLE IF NOT EXISTS feature_views (
  feature_view_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  materialized_intervals BLOB,
  feature_view_proto BLOB NOT NULL,
  user_metadata BLOB,
  PRIMARY KEY (feature_view_name, project_id)
);

CREATE TABLE IF NOT EXISTS label_views (
  feature_view_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  feature_view_proto BLOB NOT NULL,
  user_metadata BLOB,
  PRIMARY KEY (feature_view_name, project_id)
);

CREATE TABLE IF NOT EXISTS managed_infra (
  infra_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  infra_proto BLOB NOT NULL,
  PRIMARY KEY (infra_name, project_id)
);

CREATE TABLE IF NOT EXISTS on_demand_feature_views (
  feature_view_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  feature_view_proto BLOB NOT NULL,
  user_metadata BLOB,
  PRIMARY KEY (feature_view_name, project_id)
);

CREATE TABLE IF NOT EXISTS permissions (
  permission_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  permission_proto BLOB NOT NULL,
  PRIMARY KEY (permission_name, project_id)
);

CREATE TABLE IF NOT EXISTS projects (
  project_id VARCHAR(255) NOT NULL,
  project_name VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  project_proto BLOB NOT NULL,
  PRIMARY KEY (project_id)
);

CREATE TABLE IF NOT EXISTS saved_datasets (
  saved_dataset_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  saved_dataset_proto BLOB NOT NULL,
  PRIMARY KEY (saved_dataset_name, project_id)
);

CREATE TABLE IF NOT EXISTS stream_feature_views (
  feature_view_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  feature_view_proto BLOB NOT NULL,
  user_metadata BLOB,
  PRIMARY KEY (feature_view_name, project_id)
);

CREATE TABLE IF NOT EXISTS validation_references (
  validation_reference_name VARCHAR(255) NOT NULL,
  project_id VARCHAR(255) NOT NULL,
  last_updated_timestamp BIGINT NOT NULL,
  validation_reference_proto BLOB NOT NULL,
  PRIMARY KEY (validation_reference_name, project_id)
);

CREATE INDEX IF NOT EXISTS idx_data_sources_project_id ON data_sources (project_id);
CREATE INDEX IF NOT EXISTS idx_entities_project_id ON entities (project_id);
CREATE INDEX IF NOT EXISTS idx_feast_metadata_project_id ON feast_metadata (project_id);
CREATE INDEX IF NOT EXISTS idx_feature_services_project_id ON feature_services (project_id);
CREATE INDEX IF NOT EXISTS idx_feature_views_project_id ON feature_views (project_id);
CREATE INDEX IF NOT EXISTS idx_fv_version_history_project_id ON feature_view_version_history (project_id);
CREATE INDEX IF NOT EXISTS idx_label_views_project_id ON label_views (project_id);
CREATE INDEX IF NOT EXISTS idx_managed_infra_project_id ON managed_infra (project_id);
CREATE INDEX IF NOT EXISTS idx_on_demand_feature_views_project_id ON on_demand_feature_views (project_id);
CREATE INDEX IF NOT EXISTS idx_permissions_project_id ON permissions (project_id);
CREATE INDEX IF NOT EXISTS idx_projects_project_id ON projects (project_id);
CREATE INDEX IF NOT EXISTS idx_saved_datasets_project_id ON saved_datasets (project_id);
CREATE INDEX IF NOT EXISTS idx_stream_feature_views_project_id ON stream_feature_views (project_id);
CREATE INDEX IF NOT EXISTS idx_validation_references_project_id ON validation_references (project_id);

-- Objects that Feast wrote since asof wrote last. Triggers tell, since Feast does not know of asof; asof empties it when it writes.
CREATE TABLE IF NOT EXISTS registry_feast_changes (
  kind    TEXT NOT NULL,
  project TEXT NOT NULL,
  name    TEXT NOT NULL,
  PRIMARY KEY (kind, project, name)
) WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS asof_projects_insert AFTER INSERT ON projects BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('project', NEW.project_id, NEW.project_id);
END;

CREATE TRIGGER IF NOT EXISTS asof_projects_update AFTER UPDATE ON projects BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('project', NEW.project_id, NEW.project_id);
END;

CREATE TRIGGER IF NOT EXISTS asof_projects_delete AFTER DELETE ON projects BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('project', OLD.project_id, OLD.project_id);
END;

CREATE TRIGGER IF NOT EXISTS asof_entities_insert AFTER INSERT ON entities BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('entity', NEW.project_id, NEW.entity_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_entities_update AFTER UPDATE ON entities BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('entity', NEW.project_id, NEW.entity_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_entities_delete AFTER DELETE ON entities BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('entity', OLD.project_id, OLD.entity_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_data_sources_insert AFTER INSERT ON data_sources BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('data_source', NEW.project_id, NEW.data_source_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_data_sources_update AFTER UPDATE ON data_sources BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('data_source', NEW.project_id, NEW.data_source_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_data_sources_delete AFTER DELETE ON data_sources BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('data_source', OLD.project_id, OLD.data_source_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_feature_views_insert AFTER INSERT ON feature_views BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('feature_view', NEW.project_id, NEW.feature_view_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_feature_views_update AFTER UPDATE ON feature_views BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('feature_view', NEW.project_id, NEW.feature_view_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_feature_views_delete AFTER DELETE ON feature_views BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('feature_view', OLD.project_id, OLD.feature_view_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_feature_services_insert AFTER INSERT ON feature_services BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('feature_service', NEW.project_id, NEW.feature_service_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_feature_services_update AFTER UPDATE ON feature_services BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('feature_service', NEW.project_id, NEW.feature_service_name);
END;

CREATE TRIGGER IF NOT EXISTS asof_feature_services_delete AFTER DELETE ON feature_services BEGIN
  INSERT OR REPLACE INTO registry_feast_changes VALUES ('feature_service', OLD.project_id, OLD.feature_service_name);
END;
