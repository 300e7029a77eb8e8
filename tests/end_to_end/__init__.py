"""The whole program from outside: its command line in processes of its own, against servers on sockets."""
