"""What messages of a broker say."""
