"""What events and sagas are measured with: servers of their own, programs that do the work, and their peers."""
