"""From YAML to runs: configs, sweeps and templates, checked before any kernel starts."""
