"""HTTP as the console speaks it: bounded in time and size whatever answers, and no secret in a word that it says."""
