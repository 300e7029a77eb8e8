"""The commands, a module each: `<name>_command.command`."""
