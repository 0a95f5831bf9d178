"""Who may do what, and the one door between a query and a workspace's rows."""
