"""What drives a run: loops, threads, interrupts, the garbage collector."""
