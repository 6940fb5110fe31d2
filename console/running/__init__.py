"""The concrete world of a transaction on this host: readings, controllers, meters, and the process that uses them."""
