"""What a user writes with: new configs and templates, lint, editors, reruns."""
