"""Rule packs: YAML files to a compiled rule set."""
