"""What tests are built from: a scripted model, a memory sink, span and conversation builders, fault injection."""
