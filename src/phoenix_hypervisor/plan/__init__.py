"""What ought to be minus what is: steps in a graph."""
