"""The shipped network: what is seen in each frame, judged as a sequence.

The locator sees every frame, the looker those of the flight, the entry and the splash's rise. A temporal part of
dilated convolutions reads what they say, frame by frame. Most of the execution is what the flaws that it names leave,
the rest is pooled from segments by attention; the segments' parts are scaled so that they add up to it exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from divescore.scoring.mini.features import OVERALL, after_flight, arrange
from divescore.scoring.mini.pose import (
    FLIGHT,
    REACHES,
    Located,
    Locator,
    Looked,
    Looker,
    Seen,
    completed,
    cut_out,
    halve,
)
from divescore.scoring.mini.preprocessing import Preprocessing, normalise

HALF_SOMERSAULTS = 10
HALF_TWISTS = 10
CLASS_HEADS = {
    "position": 4,
    "armstand": 2,
    "rotation": 4,
    "half_somersaults": HALF_SOMERSAULTS,
    "half_twists": HALF_TWISTS,
}
FLAWS = ("angle", "splash", "legs", "shape", "height", "distance", "axis")
"""What the network is taught to see beside the execution; training's `Flaws` in the same order."""
EVEN_ATTENTION = 0.25
"""Share of the attention that goes to all segments alike, so that none drops out of the account."""
FROM_FLAWS = 0.8
"""Share of the execution that what the flaws leave decides; the segments decide the rest."""
GLANCES = 6
"""Kinds of moments that the judge picks out of the sequence by itself."""
MAX_DIFFICULTY = 5.0
LOOKED = 28
"""Frames that the looker sees of a clip."""
_AFTER, _LATER = 6, 15
"""Frames after the flight that show line and splash best, and those in which a splash is still to be seen."""


@dataclass(frozen=True)
class Outputs:
    """What the network says of a batch: unscaled except where a unit is named."""

    gate: Tensor
    """[B] logit of being a dive."""
    shares: Tensor
    """[B, S] parts of the execution by segment, 0..1; their sum is the execution."""
    log_spread: Tensor
    """[B] logarithm of the execution's expected error, in units of the whole scale."""
    difficulty: Tensor
    """[B] difficulty in points."""
    flaws: Tensor
    """[B, len(FLAWS)] amount of each flaw, 0..1."""
    classes: dict[str, Tensor]
    """Logits [B, classes] by head."""

    @property
    def execution(self) -> Tensor:
        """[B] execution, 0..1."""
        return self.shares.sum(dim=1)

    def float(self) -> "Outputs":
        """The same in single precision."""
        classes = {name: logits.float() for name, logits in self.classes.items()}
        return Outputs(
            self.gate.float(),
            self.shares.float(),
            self.log_spread.float(),
            self.difficulty.float(),
            self.flaws.float(),
            classes,
        )


class _TemporalBlock(nn.Module):
    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor) -> Tensor:
        update: Tensor = self.dropout(torch.relu(self.norm(self.convolution(features))))
        return features + update


class Judge(nn.Module):
    """What was seen in frames [B, T, INPUTS] to `Outputs`; T a multiple of `segments`."""

    INPUTS = 55 + Locator.FEATURES + Looker.FEATURES

    def __init__(self, segments: int = 8, width: int = 160, dropout: float = 0.2) -> None:
        super().__init__()
        self.segments = segments
        # Angles, places and speeds each have a scale of their own.
        self.scale = nn.BatchNorm1d(self.INPUTS)
        self.project = nn.Sequential(
            nn.Linear(self.INPUTS, width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.temporal = nn.Sequential(*(_TemporalBlock(width, dilation, dropout) for dilation in (1, 2, 4, 8, 1)))
        self.norm = nn.LayerNorm(2 * width)
        self.quality = nn.Linear(2 * width, 1)
        self.attention = nn.Linear(2 * width, 1)
        self.glances = nn.Conv1d(width, GLANCES, 1)
        summarised = (4 + GLANCES) * width + len(OVERALL)
        self.summary = nn.Sequential(nn.Linear(summarised, 2 * width), nn.ReLU(), nn.Dropout(dropout))
        self.overall = nn.Linear(2 * width, 1)
        self.gate = nn.Linear(2 * width, 1)
        self.log_spread = nn.Linear(2 * width, 1)
        self.difficulty = nn.Linear(2 * width, 1)
        self.flaws = nn.Linear(2 * width, len(FLAWS))
        self.deductions = nn.Parameter(torch.full((len(FLAWS),), 0.15))
        """What each flaw takes at its worst, a share of the execution."""
        self.classes = nn.ModuleDict({name: nn.Linear(2 * width, size) for name, size in CLASS_HEADS.items()})

    def forward(self, seen: Tensor) -> Outputs:
        """Judge the sequence."""
        batch, length = seen.shape[:2]
        scaled = self.scale(seen.flatten(0, 1))
        sequence = self.temporal(self.project(scaled).view(batch, length, -1).transpose(1, 2))
        parts = sequence.view(batch, sequence.shape[1], self.segments, -1)
        segments = self.norm(torch.cat((parts.mean(dim=3), parts.amax(dim=3)), dim=1).transpose(1, 2))
        chosen = torch.softmax(self.attention(segments).squeeze(2), dim=1)
        attention = EVEN_ATTENTION / self.segments + (1.0 - EVEN_ATTENTION) * chosen
        attended = (attention.unsqueeze(2) * segments).sum(dim=1)
        # Some flaws show in a frame or two, such as the line of the entry; a segment's mean would blur them.
        moments = torch.softmax(self.glances(sequence), dim=2)
        glanced = torch.einsum("bgt,bct->bgc", moments, sequence).flatten(1)
        overall = scaled.view(batch, length, -1)[:, 0, OVERALL.start : OVERALL.stop]
        summary = self.summary(torch.cat((attended, segments.mean(dim=1), glanced, overall), dim=1))
        flaws = torch.sigmoid(self.flaws(summary))
        shares = attention * torch.sigmoid(self.quality(segments).squeeze(2) + self.overall(summary))
        given = shares.sum(dim=1)
        # A flaw named moves what is left of the execution steadily; what the segments give knows all else.
        left = (1.0 - (flaws * self.deductions).sum(dim=1)).clamp(0.0, 1.0)
        settled = (1.0 - FROM_FLAWS) * given + FROM_FLAWS * left
        shares = shares * (settled / given.clamp(min=1e-4)).unsqueeze(1)
        return Outputs(
            gate=self.gate(summary).squeeze(1),
            shares=shares,
            log_spread=self.log_spread(summary).squeeze(1),
            difficulty=MAX_DIFFICULTY * torch.sigmoid(self.difficulty(summary).squeeze(1)),
            flaws=flaws,
            classes={name: head(summary) for name, head in self.classes.items()},
        )


class Eye(nn.Module):
    """Locator and looker: frames to what is seen in them."""

    def __init__(self) -> None:
        super().__init__()
        self.locator = Locator()
        self.looker = Looker()

    def forward(self, frames: Tensor, aspects: Tensor, preprocessing: Preprocessing) -> Seen:
        """What is in uint8 RGB frames [B, T, 96, 128, 3], B clips one after the other."""
        pictures = frames.flatten(0, 1)
        located = self.locate(pictures, preprocessing)
        chosen, windows = choose(located, aspects)
        return completed(located, self.look(pictures.index_select(0, chosen), windows, preprocessing), chosen)

    def locate(self, pictures: Tensor, preprocessing: Preprocessing) -> Located:
        """What the locator finds in uint8 RGB pictures [N, 96, 128, 3]."""
        located: Located = self.locator(normalise(halve(pictures)[None], preprocessing)[0])
        return located

    def look(self, pictures: Tensor, windows: Tensor, preprocessing: Preprocessing) -> Looked:
        """What the looker sees in squares of uint8 RGB pictures [N, 96, 128, 3], by `windows` [N, 4]."""
        looked: Looked = self.looker(cut_out(normalise(pictures[None], preprocessing)[0], windows))
        return looked


class FocusNetwork(nn.Module):
    """uint8 RGB frames [B, T, 96, 128, 3] with the film's aspects [B] and seconds [B] to `Outputs`."""

    def __init__(self) -> None:
        super().__init__()
        self.eye = Eye()
        self.judge = Judge()

    def forward(self, frames: Tensor, aspects: Tensor, seconds: Tensor, preprocessing: Preprocessing) -> Outputs:
        """Run the network."""
        seen: Seen = self.eye(frames, aspects, preprocessing)
        outputs: Outputs = self.judge(arrange(seen, aspects, seconds))
        return outputs


def choose(located: Located, aspects: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the frames located are worth a look [M], and the squares to look at there [M, 4].

    The frames are of clips of as many `aspects` [B], one after the other. Of a square: x, y, reach, the film's aspect.
    """
    batch = len(aspects)
    length = len(located.reach) // batch
    count = min(LOOKED, length)
    first = worth_a_look(located.phase.detach().view(batch, length, -1), count)
    chosen = (first.unsqueeze(1) + torch.arange(count, device=first.device)).view(batch, count)
    chosen = (chosen + length * torch.arange(batch, device=first.device).unsqueeze(1)).flatten()
    reach = located.reach.detach().exp().clamp(*REACHES)
    of_film = aspects.repeat_interleave(length)
    windows = torch.cat((located.place.detach(), reach.unsqueeze(1), of_film.unsqueeze(1)), dim=1)
    return chosen, windows[chosen]


def worth_a_look(phases: Tensor, count: int) -> Tensor:
    """First of `count` frames in a row [B] that show most of flight and entry, of phases [B, T, 4] (logits).

    Where a clip has more of both, the start of the flight is left out.
    """
    shares = torch.softmax(phases, dim=2)
    flying = shares[:, :, FLIGHT]
    worth = flying + 2.0 * after_flight(shares, _AFTER) + 0.3 * after_flight(shares, _LATER)
    return worth.unfold(1, count, 1).sum(dim=2).argmax(dim=1)
