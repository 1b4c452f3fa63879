"""What the gateway knows about agents: which run and which agent a call belongs to, and guards on live runs."""
