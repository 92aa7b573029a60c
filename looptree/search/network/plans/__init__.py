"""The cheapest plan: costs of groups are found out until no other plan can be cheaper."""
