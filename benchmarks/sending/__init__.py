"""What benchmarks/send.py needs: an outlet, a sink, the senders it is compared with."""
