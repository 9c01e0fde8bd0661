"""Tools for the authors of rules: lint, formatting, skeletons, traces, costs, and what each diagnostic means."""
