"""OpenCV's DNN module with genkan's own float nets, for `npm run bench`.

Speaks the protocol of src/bench/protocol.ts: lines of JSON in, lines of JSON out.
Argument: the folder of the built models.
"""

import json
import resource
import sys
import time

import cv2
import numpy as np

PERSONS = 1000
LEFT_EYE, RIGHT_EYE = [37, 38, 40, 41], [43, 44, 46, 47]
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)

folder = sys.argv[1]
cv2.setUseOptimized(True)
detector = cv2.dnn.readNetFromONNX(folder + "/fr_detect.onnx")
landmarker = cv2.dnn.readNetFromONNX(folder + "/fr_landmark.onnx")
encoder = cv2.dnn.readNetFromONNX(folder + "/mobilefacenet-128-pca.onnx")
gallery = np.random.default_rng(1).standard_normal((PERSONS, 128)).astype(np.float32)
gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)


def detect(image):
    height, width = image.shape[:2]
    scale = max(width / 320, height / 240)
    small = cv2.resize(image, (round(width / scale), round(height / scale)), interpolation=cv2.INTER_AREA)
    boxed = np.zeros((240, 320, 3), np.uint8)
    boxed[: small.shape[0], : small.shape[1]] = small
    detector.setInput(cv2.dnn.blobFromImage(boxed, 1 / 128, (320, 240), (127, 127, 127)))
    corners, scores = detector.forward(["boxes", "scores"])
    sure = scores[0, :, 1]
    picked = np.flatnonzero(sure > 0.65)
    spans = corners[0, picked] * np.array([320, 240, 320, 240], np.float32) * scale
    boxes = np.column_stack([spans[:, :2], spans[:, 2:] - spans[:, :2]])
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), sure[picked].tolist(), 0.65, 0.4)
    return [boxes[i] for i in np.array(kept).flatten()]


def encode(image, box):
    side = float(box[3])
    left, top = box[0] + (box[2] - side) / 2, box[1]
    cut = np.float32([[64 / side, 0, -left * 64 / side], [0, 64 / side, -top * 64 / side]])
    crop = cv2.warpAffine(image, cut, (64, 64), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) / 256
    landmarker.setInput(gray[None, None])
    points = landmarker.forward().reshape(68, 2) * side + (left, top)
    five = np.float32(
        [
            points[LEFT_EYE].mean(0),
            points[RIGHT_EYE].mean(0),
            points[30],
            points[[48, 60]].mean(0),
            points[[54, 64]].mean(0),
        ]
    )
    similarity, _ = cv2.estimateAffinePartial2D(five, TEMPLATE, method=cv2.LMEDS)
    if similarity is None:
        return None
    aligned = cv2.warpAffine(image, similarity, (112, 112), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    encoder.setInput(cv2.dnn.blobFromImage(aligned, 1 / 128, (112, 112), (127, 127, 127), swapRB=True))
    vector = encoder.forward().flatten()
    return vector / np.linalg.norm(vector)


def run_detect(image):
    return len(detect(image))


def run_encode(image):
    boxes = detect(image)
    for box in boxes:
        encode(image, box)
    return len(boxes)


def run_decide(image):
    boxes = detect(image)
    for box in boxes:
        vector = encode(image, box)
        if vector is not None:
            int(np.argmax(gallery @ vector))
    return len(boxes)


STEPS = {"detect": run_detect, "encode": run_encode, "decide": run_decide}


def answer(value):
    print(json.dumps(value), flush=True)


def rss_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1048576


answer(
    {
        "version": cv2.__version__,
        "judges": "genkan's float nets: detector, landmarks, encoder, 1:K search; all faces; no liveness; "
        + str(cv2.getNumThreads())
        + " threads",
    }
)
frames, at = [], 0
for line in sys.stdin:
    request = json.loads(line)
    if request["ask"] == "load":
        shape = (request["count"], request["height"], request["width"], 3)
        frames = np.fromfile(request["path"], np.uint8).reshape(shape)
        at = 0
        answer({})
        continue
    step = STEPS[request["step"]]
    took, faces, cpu = [], 0, time.process_time()
    for _ in range(request["frames"]):
        image = frames[at % len(frames)]
        at += 1
        started = time.perf_counter()
        faces += step(image)
        took.append((time.perf_counter() - started) * 1000)
    answer({"ms": took, "faces": faces, "cpuMs": (time.process_time() - cpu) * 1000, "rssMb": rss_mb()})
