"""What every service of Strata needs once: errors, servers, channels, configuration, logs, metrics, durable state."""
