"""Services that run beside the commands, and the factories that build them from the settings; no click, no terminal."""
