"""What verifying a proof takes on a chain: gas, bytes and money, as ranges with their evidence."""
