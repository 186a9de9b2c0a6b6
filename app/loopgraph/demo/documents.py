"""The GraphQL documents of the demo."""

from __future__ import annotations

CREATE_PATTERN = """
mutation CreatePattern($input: CreatePatternInput!) {
  createPattern(input: $input) {
    __typename
    ... on VersionPayload { version { nodeId version status } }
    ... on Error { message }
  }
}
"""

PROPOSE_IMPROVEMENT = """
mutation ProposeImprovement($input: ProposeImprovementInput!) {
  proposeImprovement(input: $input) {
    __typename
    ... on ImprovementPayload { improvement { improvementId candidateNodeId } }
    ... on Error { message }
  }
}
"""

START_FEEDBACK_LOOP = """
mutation StartFeedbackLoop($input: StartFeedbackLoopInput!) {
  startFeedbackLoop(input: $input) {
    __typename
    ... on FeedbackRunPayload { run { runId status } }
    ... on Error { message }
  }
}
"""

ASSIGN_VARIANT = """
query AssignVariant($patternId: ID!, $unit: String!) {
  assignVariant(patternId: $patternId, unit: $unit) { nodeId version templateCode parameters experimentId arm }
}
"""

FOLLOW_RUN = """
subscription FollowRun($id: ID!) {
  feedbackRun(id: $id) { runId status stage message improvementsApplied }
}
"""

WATCH = """
query Watch($patternId: ID!) {
  watches(patternId: $patternId, first: 1) {
    edges {
      node {
        watchId
        status
        breached
        units
        executionCount
        metricGuard { metric status proofUnits proofMean units mean loss lossInterval { low high } margin relative level }
        version { nodeId version }
        restores { nodeId version }
        restored { nodeId version }
      }
    }
  }
}
"""

RESULT = """
query Result($patternId: ID!, $improvementId: ID!, $runId: ID!) {
  pattern(patternId: $patternId) {
    patternId
    name
    currentVersion { nodeId version }
    lineage {
      nodes {
        depth
        version { nodeId version status evolutionType changeSummary usageCount successRate avgExecutionTimeMs }
      }
      edges { edgeId relationshipType sourceNodeId targetNodeId }
    }
  }
  feedbackRun(id: $runId) { runId status message feedbackCollected analysis { executionCount baseline { p50Ms p95Ms } } }
  improvement(improvementId: $improvementId) {
    improvementId
    status
    reason
    candidateNodeId
    decisions: decisionsConnection {
      edges {
        node {
          decisionId
          experimentId
          verdict
          reason
          decidedBy
          decidedAt
          result {
            metric
            method
            control { n mean variance }
            treatment { n mean variance }
            controlArm { units executions designEffect }
            treatmentArm { units executions designEffect }
            effect
            effectInterval { low high }
            effectSize
            effectSizeInterval { low high }
            performanceDelta
            tStatistic
            degreesOfFreedom
            pValue
            probabilityBetter
            reason
          }
        }
      }
    }
  }
}
"""
