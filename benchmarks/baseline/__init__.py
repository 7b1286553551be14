"""What Django itself allows on this machine: the measure for the measure."""
