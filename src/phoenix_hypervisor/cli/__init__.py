"""The command line: a lazy group, one file per verb. The only room that picks a transport."""
