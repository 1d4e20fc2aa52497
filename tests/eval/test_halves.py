"""Halves share nothing, and relabelled sets stay within their groups."""

import numpy as np
import pytest

from marsjax.eval.halves import halves, relabelled

GROUP_B = np.array(list("aaaaabbbbbbbcc"))


@pytest.mark.parametrize("level", ["windows", "groups"])
def test_halves_are_disjoint_and_alike(level):
    rng = np.random.default_rng(0)
    group_C = rng.permutation(np.array(list("aaabbbbbbbbbbcccc")))
    drawn = halves(GROUP_B, [group_C], 200, level=level)
    (generated_RC,) = drawn.generated
    assert not (drawn.first_RB * drawn.other_RB).any()
    assert (drawn.other_RB.sum(axis=1) == generated_RC.sum(axis=1)).all()
    assert abs(drawn.first_RB.mean() - 0.5) < 0.03
    for name in "abc":
        first_R = drawn.first_RB[:, name == GROUP_B].sum(axis=1)
        num = (name == GROUP_B).sum()
        if level == "windows":
            assert set(first_R) <= {num // 2, (num + 1) // 2}
            other_R = drawn.other_RB[:, name == GROUP_B].sum(axis=1)
            assert (other_R == generated_RC[:, name == group_C].sum(axis=1)).all()
        else:
            assert set(first_R) == {0, num}
            is_there_R = generated_RC[:, name == group_C].any(axis=1)
            assert not (is_there_R & (first_R > 0)).any()


def test_matched_sets_give_the_same_windows():
    drawn = halves(GROUP_B, [GROUP_B, GROUP_B], 50, is_matched=True)
    assert np.array_equal(*drawn.generated)
    free = halves(GROUP_B, [GROUP_B, GROUP_B], 50)
    assert not np.array_equal(*free.generated)
    by_group = halves(GROUP_B, [GROUP_B] * 2, 50, level="groups", is_matched=True)
    assert np.array_equal(*by_group.generated)


@pytest.mark.parametrize("level", ["windows", "groups"])
def test_sets_of_other_groups_are_halved_as_a_whole(level):
    drawn = halves(GROUP_B, [np.array(list("xxxxyyyy"))], 50, level=level)
    assert "other groups" in drawn.note
    assert (drawn.other_RB.sum(axis=1) == drawn.generated[0].sum(axis=1)).all()
    assert (drawn.generated[0].sum(axis=1) <= 4).all()
    assert not (drawn.first_RB * drawn.other_RB).any()


def test_a_single_window():
    drawn = halves(np.array(["a"]), [np.array(["a"])], 20)
    assert (drawn.first_RB + drawn.other_RB <= 1).all()
    assert (drawn.other_RB.sum(axis=1) == drawn.generated[0].sum(axis=1)).all()


def test_labels_are_drawn_within_groups():
    group_D = np.array(list("aabbbbb"))
    first_RN, second_RN = relabelled(GROUP_B, group_D, 100)
    both = np.concatenate([GROUP_B, group_D])
    assert (first_RN + second_RN == 1).all()
    for name in "abc":
        num = (name == GROUP_B).sum()
        assert (first_RN[:, name == both].sum(axis=1) == num).all()
    assert (first_RN[:, both == "c"] == 1).all()
    assert len(np.unique(first_RN, axis=0)) > 50


def test_pairs_and_groups_change_places_whole():
    num = len(GROUP_B)
    first_RN, _ = relabelled(GROUP_B, GROUP_B, 50, is_matched=True)
    assert (first_RN[:, :num] + first_RN[:, num:] == 1).all()
    assert len(np.unique(first_RN, axis=0)) > 40
    first_RN, _ = relabelled(GROUP_B, GROUP_B, 50, level="groups")
    assert (first_RN[:, :num] + first_RN[:, num:] == 1).all()
    assert len(np.unique(first_RN, axis=0)) == 2**3
    other = np.array(list("xyz"))
    first_RN, _ = relabelled(GROUP_B, other, 50, level="groups")
    both = np.concatenate([GROUP_B, other])
    for name in "abcxyz":
        part_RN = first_RN[:, both == name]
        assert (part_RN == part_RN[:, :1]).all()
