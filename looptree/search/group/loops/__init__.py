"""What loops of a group count, alone and together: tables for all of their tile shapes."""
