"""Names of files and folders of checkpoints that several layouts have."""

CONFIG, ADAPTER_CONFIG = "config.json", "adapter_config.json"
KEPT = "original"  # the folder of a converted checkpoint with the small files that it was converted from
