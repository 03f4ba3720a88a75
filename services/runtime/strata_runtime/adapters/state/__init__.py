"""What is remembered: containers, events, volumes."""
