"""Tests, by tier: unit, integration, tui, crash, bench, long."""
