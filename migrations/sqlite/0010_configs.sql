-- Which images have a blob as their config: asked for with every blob that is pulled.
CREATE INDEX images_by_config ON images (config_digest);
