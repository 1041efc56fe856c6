"""Well-known architectures as ONNX graphs without their weights: every shape, no value, files of kilobytes.

    python -m samples.graphs resnet50 resnet50.onnx
    python -m samples.graphs gpt2 gpt2.onnx --sequence 64
    python -m samples.graphs llama tiny.onnx --layers 1 --hidden 16 --heads 2 --weights

The nodes are those PyTorch's exporter writes for a model in evaluation mode at opset 17. Weights are ONNX
external data whose file does not exist. With ``--weights`` they are random and inside.
"""
