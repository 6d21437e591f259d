"""What must be read again, and why: rules over what is stored; nothing is asked or written."""
