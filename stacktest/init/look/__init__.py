"""What a running stack answers, and which checks tell its programs apart; pure."""
